"""Counting leaves the storage unchanged, even after errors and interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from entrepot_benchmarks.cost import child, count_operations
from entrepot_benchmarks.cost.exchange import Order
from entrepot_benchmarks.cost.wire import Wire
from entrepot_benchmarks.errors import BenchmarkError

from .drivers import FailingDriver
from .stores import OLD, store, stored, uploads


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store on a filesystem that is not empty."""
    store("filesystem", {"rootdirectory": str(tmp_path / "root")})
    return tmp_path / "root"


@pytest.fixture
def before(root: Path) -> list[tuple[str, int]]:
    found = stored("filesystem", {"rootdirectory": str(root)})
    assert len(found) == len(OLD)
    return found


@pytest.mark.parametrize(
    ("verb", "call", "why"),
    [
        ("put", 1, "ValueError"),
        ("put", 7, "ValueError"),
        ("put", 60, "ValueError"),
        ("upload_append", 1, "the quota is used up"),
        ("upload_commit", 1, "the quota is used up"),
    ],
)
def test_nothing_is_left_after_an_error(
    monkeypatch: pytest.MonkeyPatch, root: Path, before: list[tuple[str, int]], verb: str, call: int, why: str
) -> None:
    options = {"rootdirectory": str(root), "verb": verb, "call": call, "password": "hush-hush"}
    idle = uploads(root)
    # In this process, which is cheaper; the other tests count in a separate one.
    monkeypatch.setattr(child, "load_storage", lambda name: FailingDriver)
    order = Order(driver="failing", options=options, blob_sizes=(10_000, 2**20))
    with pytest.raises(BenchmarkError, match=r"^the backend failed: ") as caught:
        child.count(Wire(), order)
    assert why in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert "cannot be removed" not in str(caught.value)
    assert stored("filesystem", {"rootdirectory": str(root)}) == before
    assert uploads(root) == idle


COUNT = """
import sys
from entrepot_benchmarks.cost import count_operations
count_operations("mine", "slow", {"rootdirectory": sys.argv[1], "password": sys.stdin.readline().strip()})
"""


def test_nothing_is_left_after_ctrl_c_and_no_command_line_contains_options(
    installed: None, root: Path, before: list[tuple[str, int]]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, str(root)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write("hush-hush\n")
    process.stdin.close()
    deadline = time.monotonic() + 60
    tags = root / "docker/registry/v2/repositories"
    while not list(tags.glob("entrepot-cost-*/a/_layers")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    [child] = psutil.Process(process.pid).children()
    assert "hush-hush" not in " ".join(child.cmdline())
    os.kill(process.pid, signal.SIGINT)
    process.stdin = None
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert not child.is_running()
    assert stored("filesystem", {"rootdirectory": str(root)}) == before


REMAINS = (
    r"^the requests of mine cannot be counted: the backend failed: .*the quota is used up; "
    r"the pushed data cannot be removed: "
)


def test_data_that_cannot_be_removed_is_reported_with_its_location(installed: None, root: Path) -> None:
    options = {"rootdirectory": str(root), "verb": "delete"}
    with pytest.raises(BenchmarkError, match=REMAINS) as caught:
        count_operations("mine", "failing", options, blob_sizes=[10_000])
    [left] = (root / "docker/registry/v2/repositories").iterdir()
    assert f"delete {left.relative_to(root)}/" in str(caught.value)
