"""A pytest plugin for mutation testing: runs quick tests first, and records which test killed which mutant, and why."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

STATISTICS = Path("mutmut-stats.json")

# Opened once, because a test may drop privileges. A descriptor, because an unclosed file object would warn at exit.
KILLS = os.open("kills.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

LONGEST = float(os.environ.get("MUTATION_LONGEST_TEST", "inf"))
"""Seconds. Tests that took longer without a mutant are deselected."""

# Use the same examples for every mutant. A slow machine, or mutmut's trampoline, must not fail a test.
settings.register_profile(
    "mutation", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("mutation")

# The trampoline needs three calls for one, and the filesystem driver creates nested directories recursively.
sys.setrecursionlimit(10_000)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run quick tests first: most mutants are killed by a test that takes milliseconds."""
    if not STATISTICS.exists():
        return
    seconds: dict[str, float] = json.loads(STATISTICS.read_text())["duration_by_test"]
    items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
    slow = [item for item in items if seconds.get(item.nodeid, 0.0) > LONGEST]
    del items[len(items) - len(slow) :]
    config.hook.pytest_deselected(items=slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if report.failed and "__mutmut_" in mutant and call.excinfo is not None:
        why = call.excinfo.exconly(tryshort=True).partition("\n")[0][:200]
        os.write(KILLS, (json.dumps({"mutant": mutant, "test": item.nodeid, "why": why}) + "\n").encode())
    return report
