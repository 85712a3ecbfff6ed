"""The kit is tested itself: each deliberately broken driver is caught, by the test that names its fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contract.tests.broken import suite
from contract.tests.broken.register import BROKEN
from contract.tests.test_sentences import KIT, QUOTES

from entrepot_contract.testing.gaps import STORAGE as NOT_PROVEN

ROOT = Path(__file__).parents[2]
ACCIDENTS = ("AttributeError", "NameError", "SyntaxError", "ImportError", "TypeError", "fixture")
CATCHING = {fault.test.partition("[")[0] for fault in BROKEN.values()}
pytestmark = pytest.mark.timeout(600)
Ended = dict[str, dict[str, tuple[str, str]]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """What the report of one run says of each broken driver: how its tests ended, and why."""
    folder = tmp_path_factory.mktemp("broken")
    report = folder / "report.json"
    tests = [f"{suite.__file__}::Test{name}::{fault.test}" for name, fault in BROKEN.items()]
    tests += [f"{suite.__file__}::TestKeepsWhatItClaims::{test}" for test in suite.CLAIMS]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--contract-report={report}", *tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    ended: Ended = {}
    for driver in json.loads(report.read_text())["drivers"]:
        tests_of = ended.setdefault(driver["test_class"].rpartition("::Test")[2], {})
        for test in (test for row in driver["sentences"] for test in row["tests"] if test["status"] != "not-run"):
            name = test["test"].partition("[")[0]
            if tests_of.get(name, ("pass", ""))[0] == "pass":
                tests_of[name] = (test["status"], test["reason"])
    return ended


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_the_kit_catches(name: str, ended: Ended) -> None:
    fault = BROKEN[name]
    assert fault.driver.__doc__, "a broken driver says what is wrong with it"
    status, reason = ended[name][fault.test.partition("[")[0]]
    assert status == "fail", f"{fault.test} has not seen: {fault.driver.__doc__}"
    assert not reason.startswith(ACCIDENTS), "it failed by accident"


@pytest.mark.parametrize("test", suite.CLAIMS)
def test_a_driver_that_keeps_what_it_claims_passes(test: str, ended: Ended) -> None:
    assert ended["KeepsWhatItClaims"][test][0] == "pass"


def test_every_sentence_has_a_broken_driver() -> None:
    assert KIT.keys() >= CATCHING
    broken = {(where, quote) for test, where, quote in QUOTES if test in CATCHING}
    assert {(where, quote) for _, where, quote in QUOTES if where != "kit"} - broken - NOT_PROVEN.keys() == set()


def test_every_test_of_the_kit_catches_something() -> None:
    own = {test for test, where, _ in QUOTES if where == "kit"}
    assert KIT.keys() - CATCHING - own == set()
