"""What the author of a plugin sees when a suite is wrong, or a test fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = """
import sys

import pytest
from contract.tests import honest
from entrepot_contract import NotFound, Unavailable
from entrepot_contract.testing import StorageContract
from entrepot_contract.testing.sentences import sentence, since

IS_CHILD = sys.argv[0].endswith("worker.py")

class Honest(StorageContract):
    driver_class = honest.HonestDriver
    config = pytest.fixture(lambda self, tmp_path: honest.config(tmp_path))

class TestWrongOptions(Honest):
    config = pytest.fixture(lambda self, tmp_path: {**honest.config(tmp_path), "colour": "blue"})

class TestUsedStore(Honest):
    @pytest.fixture
    def config(self, tmp_path):
        honest.HonestDriver.from_config(honest.config(tmp_path)).put("kept/of-the-author", b"x")
        return honest.config(tmp_path)

class Forgets(honest.HonestDriver):
    def put(self, key, data, **options): raise NotFound("nowhere", driver="x", operation="put")

class TestForgets(Honest):
    driver_class = Forgets

class Breaks(honest.HonestDriver):
    def upload_append(self, state, chunks):
        if IS_CHILD:
            raise KeyError("a name of the author")
        return super().upload_append(state, chunks)

class TestBreaks(Honest):
    driver_class = Breaks

class Refuses(honest.HonestDriver):
    def upload_append(self, state, chunks):
        if IS_CHILD:
            raise Unavailable("the words of the author", driver="x", operation="upload_append")
        return super().upload_append(state, chunks)

class TestRefuses(Honest):
    driver_class = Refuses

class Future(honest.HonestDriver):
    contract = (1, 99)

class TestFuture(Honest):
    driver_class = Future

class TestPending(Honest):
    @since(1, 99)
    @sentence("kit", "A sentence of a later contract.")
    def test_of_a_later_contract(self, driver): raise AssertionError
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run some of the cases."""
    (folder / "test_cases.py").write_text(CASES)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-p"]
    command += ["no:cacheprovider", "-q", *arguments, str(folder / "test_cases.py")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("TestWrongOptions", "the options of TestWrongOptions are wrong: "),
        ("TestUsedStore", "the store is not empty, it contains 'kept/of-the-author'"),
    ],
)
def test_what_fails_every_test_is_said_once(tmp_path: Path, case: str, words: str) -> None:
    done = run(tmp_path, "-k", f"{case} and (put or stat)")
    assert done.returncode == 1
    assert done.stdout.count("\nERROR ") == 1, done.stdout
    assert words in done.stdout
    assert "Traceback" not in done.stdout
    assert " not-run" in done.stdout.splitlines()[-1]


def test_a_failed_test_shows_its_sentences(tmp_path: Path) -> None:
    done = run(tmp_path, "-k", "TestForgets and put_replaces_the_whole_object")
    assert "sentences of the contract that test_put_replaces_the_whole_object proves" in done.stdout
    assert "\nput: " in done.stdout


@pytest.mark.parametrize(
    ("case", "words"),
    [("TestBreaks", "raised KeyError in another process"), ("TestRefuses", "the words of the author")],
)
def test_errors_in_other_processes_are_shown_with_their_traces(tmp_path: Path, case: str, words: str) -> None:
    done = run(tmp_path, "-k", f"{case} and another_process_goes_on")
    assert words in done.stdout
    assert "in upload_append" in done.stdout


def test_a_contract_that_the_host_refuses_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "-k", "TestFuture and host_accepts")
    assert done.returncode == 1
    assert "the host does not load Future: it was written for contract 1.99" in done.stdout


def test_a_run_in_which_everything_is_pending_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "-k", "TestPending and later_contract")
    assert done.returncode == 1
    assert "every test is pending, so nothing was proven" in done.stdout
