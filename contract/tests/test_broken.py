"""Tests of the kits: each deliberately broken plugin must fail the test that covers its fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest
from contract.tests.broken import suite
from contract.tests.broken.register import (
    BROKEN,
    BROKEN_AUTH,
    BROKEN_NOTIFY,
    BROKEN_SERVER,
    AuthFault,
    Fault,
    ServerFault,
    SinkFault,
)
from contract.tests.broken_auth import suite as auth_suite
from contract.tests.broken_notify import suite as notify_suite
from contract.tests.broken_server import suite as server_suite
from contract.tests.honest_remote import RemoteDriver
from contract.tests.test_sentences import KITS

from entrepot_contract.testing import kits
from entrepot_contract.testing.sentences import needs_of
from entrepot_contract.testing.unproven import NOT_PROVEN

ROOT = Path(__file__).parents[2]
ACCIDENTS = ("AttributeError", "NameError", "SyntaxError", "ImportError", "TypeError", "fixture")
FAULTS: Mapping[str, Mapping[str, Fault | AuthFault | SinkFault | ServerFault]] = {
    "storage": BROKEN,
    "auth": BROKEN_AUTH,
    "notify": BROKEN_NOTIFY,
    "server": BROKEN_SERVER,
}
FILES = {
    "storage": suite.__file__,
    "auth": auth_suite.__file__,
    "notify": notify_suite.__file__,
    "server": server_suite.__file__,
}
SAMPLE = {
    kit: set({fault.test.partition("[")[0]: name for name, fault in faults.items()}.values())
    for kit, faults in FAULTS.items()
}
"""One broken plugin for each test of a kit; `make soak` runs all of them."""
CATCHING = {kit: {fault.test.partition("[")[0] for fault in faults.values()} for kit, faults in FAULTS.items()}
COMPLETE = [kit for kit in FAULTS if kit != "server"]
"""Kits with a broken plugin for every test; those of servers cost a process each, so there are only a few."""
RUNS = {**{kit: kit for kit in FAULTS}, "remote": "storage"}
"""The runs of the kits, by name: those with a networked backend wait for it most of the time."""
pytestmark = pytest.mark.timeout(2000)
Ended = dict[str, dict[str, tuple[str, str]]]


@pytest.fixture(scope="module")
def ended(thorough: bool, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The status and reason of each test of each broken plugin, from the reports of a few runs."""
    folder = tmp_path_factory.mktemp("broken")
    # At the same time, because a plugin that hangs only waits.
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(_run, RUNS, repeat(folder), repeat(thorough)))
    ended: Ended = {}
    for name, report in zip(RUNS, reports, strict=True):
        kit = RUNS[name]
        for plugin in json.loads(report)[kits.KITS[kit].listed]:
            tests_of = ended.setdefault(plugin["test_class"].rpartition("::Test")[2], {})
            for test in (test for row in plugin["sentences"] for test in row["tests"] if test["status"] != "not-run"):
                name = test["test"].partition("[")[0]
                if tests_of.get(name, ("pass", ""))[0] == "pass":
                    tests_of[name] = (test["status"], test["reason"])
    return ended


def _tests_of(name: str, thorough: bool) -> list[str]:
    kit = RUNS[name]
    faults = [(each, fault) for each, fault in FAULTS[kit].items() if thorough or each in SAMPLE[kit]]
    if kit == "storage":
        faults = [(each, fault) for each, fault in faults if issubclass(fault.driver, RemoteDriver) is (name != kit)]
    tests = [f"{FILES[kit]}::Test{each}::{fault.test}" for each, fault in faults]
    if name == "storage":
        tests += [f"{FILES[kit]}::TestKeepsWhatItClaims::{test}" for test in suite.CLAIMS]
    if kit == "server":
        tests += [f"{FILES[kit]}::TestHonestServer::{test}" for test in sorted(CATCHING[kit])]
    return tests


def _run(name: str, folder: Path, thorough: bool) -> str:
    report = folder / f"{name}.json"
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", f"--contract-report={report}"]
    run = subprocess.run(
        [*command, *_tests_of(name, thorough)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1800 if thorough else 580,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    return report.read_text()


@pytest.mark.parametrize(
    ("kit", "name"),
    [
        pytest.param(kit, name, marks=() if name in SAMPLE[kit] else pytest.mark.soak)
        for kit in FAULTS
        for name in sorted(FAULTS[kit])
    ],
)
def test_the_kit_detects(kit: str, name: str, ended: Ended) -> None:
    fault = FAULTS[kit][name]
    assert fault.driver.__doc__, "a broken plugin needs a docstring that describes its fault"
    status, reason = ended[name][fault.test.partition("[")[0]]
    assert status == "fail", f"{fault.test} did not detect: {fault.driver.__doc__}"
    assert not reason.startswith(ACCIDENTS), "it failed for another reason"


@pytest.mark.parametrize("test", suite.CLAIMS)
def test_a_correct_driver_passes(test: str, ended: Ended) -> None:
    assert ended["KeepsWhatItClaims"][test][0] == "pass"


@pytest.mark.parametrize("test", sorted(CATCHING["server"]))
def test_a_correct_server_passes(test: str, ended: Ended) -> None:
    assert ended["HonestServer"][test][0] == "pass"


def test_there_are_many_broken_storage_drivers() -> None:
    assert len(BROKEN) >= 40


def test_names_of_broken_plugins_are_unique() -> None:
    assert len({name for faults in FAULTS.values() for name in faults}) == sum(map(len, FAULTS.values()))


@pytest.mark.parametrize("kit", COMPLETE)
def test_every_sentence_has_a_broken_plugin(kit: str) -> None:
    assert KITS[kit].tests.keys() >= CATCHING[kit]
    broken = {(where, quote) for test, where, quote in KITS[kit].quotes if test in CATCHING[kit]}
    quoted = {(where, quote) for _, where, quote in KITS[kit].quotes if where != "kit"}
    assert quoted - broken - NOT_PROVEN[kit].keys() == set()


@pytest.mark.parametrize("kit", COMPLETE)
def test_every_test_of_the_kit_detects_a_fault(kit: str) -> None:
    own = {test for test, where, _ in KITS[kit].quotes if where == "kit"}
    large = {name for name, test in KITS[kit].tests.items() if "large" in needs_of(test)}
    assert KITS[kit].tests.keys() - CATCHING[kit] - own - large == set()
