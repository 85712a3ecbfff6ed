"""The kit's own limit for the time of a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
import time
import pytest
from contract.tests.honest import HonestDriver, config as options
from entrepot_contract.testing import StorageContract

class Hangs(HonestDriver):
    def stat(self, key):
        while True:
            time.sleep(1)

class TestHangs(StorageContract):
    driver_class = Hangs
    time_limit = 1.0

    @pytest.fixture
    def config(self, tmp_path):
        return options(tmp_path)
"""


def test_a_driver_that_never_returns_fails_and_does_not_stop_the_run(tmp_path: Path) -> None:
    file = tmp_path / "test_hangs.py"
    file.write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:timeout", "-c", os.devnull]
    command += [str(file), "-k", "test_stat_ or test_read_of_a_missing_key or test_threads_use_one_driver"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "the test did not end within 1 s" in run.stdout
    assert "in stat" in run.stdout, "the place where the driver hangs is shown"
    assert "3 tests of TestHangs before it did not end" in run.stdout
