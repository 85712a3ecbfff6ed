"""The pytest plugin: statuses, known failures, and the report."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot_contract.storage import CONTRACT_VERSION
from entrepot_contract.testing import results

ROOT = Path(__file__).parents[2]
CASES = """
import pytest
from contract.tests import auth_cases, honest, honest_auth
from contract.tests.broken.puts import PutKeepsTheTail, PutStopsAt8MiB
from entrepot_contract.testing import AuthenticatorContract, StorageContract, bearer
from entrepot_contract.testing.sentences import sentence, since

TAIL = "test_put_replaces_the_whole_object"

class Honest(StorageContract):
    driver_class = honest.HonestDriver

    @pytest.fixture
    def config(self, tmp_path):
        return {**honest.config(tmp_path), "create": False}

class TestKnown(Honest):
    driver_class = PutKeepsTheTail
    known_failures = {TAIL: "issue 7: the tail stays"}

class TestKnownInOneCase(Honest):
    driver_class = PutStopsAt8MiB
    known_failures = {"test_put_writes_whole_objects_up_to_16_mib[16777216]": "issue 9: too large"}

class TestRepaired(Honest):
    known_failures = {TAIL: "issue 7: the tail stays"}

class TestOverrides(Honest):
    def test_put_replaces_the_whole_object(self): pass

class TestTakesAway(Honest):
    test_put_replaces_the_whole_object = None

class TestChangesAFixture(Honest):
    @pytest.fixture
    def part(self): return 1

class TestOverridesWithReason(Honest):
    known_failures = {TAIL: "issue 7: the tail stays"}
    def test_put_replaces_the_whole_object(self): raise NotImplementedError

class TestMisnames(Honest):
    known_failures = {"test_that_is_not_there": "issue 8"}

class TestGivesNoReason(Honest):
    known_failures = {TAIL: " "}

class TestFuture(Honest):
    @since(1, 99)
    @sentence("kit", "A sentence of the next contract.")
    def test_of_the_next_contract(self, driver): raise AssertionError

    def test_of_its_own(self, driver): assert driver.stat

class TestUsers(auth_cases.BasicCase):
    known_failures = {"test_close_can_be_called_again": "issue 10: once is enough"}

class TestIssuesNothing(auth_cases.IssuerCase):
    @pytest.fixture
    def config(self): return {**honest_auth.issuer_config(), "issuing": False}

    @pytest.fixture
    def accepted(self):
        issuer = honest_auth.HonestIssuer.from_config(honest_auth.issuer_config())
        claims = {"kind": "access", "sub": "alice", "grants": [], "exp": 2**32}
        return [(bearer(issuer.sign(claims)), "alice")]

class TestUsersWithoutCredentials(AuthenticatorContract):
    authenticator_class = honest_auth.HonestBasic

    @pytest.fixture
    def config(self, tmp_path): return honest_auth.basic_config(tmp_path)

class TestWithoutConfig(StorageContract):
    driver_class = honest.HonestDriver
"""
CHOSEN = "put_replaces or 16_mib or overridden or known_failures or next_contract or create_never or create_sees"
CHOSEN += " or of_its_own or returns_its_user or can_be_called or stays_one"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the output and reports of one run."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "test_cases.py").write_text(CASES)
    reports = [f"--contract-report={folder / 'reports' / name}" for name in ("r.json", "r.md", "r.html")]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-p"]
    command += ["no:cacheprovider", "-k", CHOSEN, *reports, str(folder / "test_cases.py")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    (folder / "output").write_text(run.stdout + run.stderr)
    return folder


def statuses(folder: Path, case: str) -> dict[str, str]:
    """Return the status of each test of one class."""
    report = json.loads((folder / "reports" / "r.json").read_text())
    plugins = [*report["drivers"], *report["authenticators"]]
    (driver,) = [plugin for plugin in plugins if plugin["test_class"].endswith(f"::{case}")]
    return {test["test"]: test["status"] for row in driver["sentences"] for test in row["tests"]}


TAIL = "test_put_replaces_the_whole_object"
SIZES = "test_put_writes_whole_objects_up_to_16_mib"
WHOLE = "test_no_contract_test_is_overridden"
GOOD = "test_a_valid_credential_returns_its_user"
NAMES = "test_known_failures_name_tests_and_reasons"


@pytest.mark.parametrize(
    ("case", "test", "status"),
    [
        ("TestKnown", TAIL, "known-failure"),
        ("TestKnownInOneCase", f"{SIZES}[16777216]", "known-failure"),
        ("TestKnownInOneCase", f"{SIZES}[1]", "pass"),
        ("TestKnownInOneCase", NAMES, "pass"),
        ("TestRepaired", TAIL, "fail"),
        ("TestRepaired", WHOLE, "pass"),
        ("TestOverrides", WHOLE, "fail"),
        ("TestTakesAway", WHOLE, "fail"),
        ("TestChangesAFixture", WHOLE, "fail"),
        ("TestOverridesWithReason", WHOLE, "pass"),
        ("TestMisnames", NAMES, "fail"),
        ("TestGivesNoReason", NAMES, "fail"),
        ("TestKnown", NAMES, "pass"),
        ("TestFuture", "test_of_the_next_contract", "pending"),
        ("TestFuture", TAIL, "pass"),
        ("TestFuture", "test_create_never_touches_an_existing_object", "not-claimed"),
        ("TestFuture", "test_list_never_shows_unfinished_work", "not-run"),
        ("TestWithoutConfig", TAIL, "fail"),
        ("TestUsers", "test_close_can_be_called_again", "fail"),
        ("TestUsers", GOOD, "pass"),
        ("TestUsers", "test_an_issuer_stays_one", "not-claimed"),
        ("TestIssuesNothing", GOOD, "pass"),
        ("TestIssuesNothing", "test_an_issuer_stays_one", "not-claimed"),
        ("TestUsersWithoutCredentials", GOOD, "fail"),
    ],
)
def test_each_test_has_its_status(folder: Path, case: str, test: str, status: str) -> None:
    assert statuses(folder, case)[test] == status


def test_the_terminal_counts_statuses_by_their_names(folder: Path) -> None:
    output = (folder / "output").read_text()
    last = output.strip().splitlines()[-1]
    assert "not-claimed" in last
    assert "1 pending" in last
    assert "skipped" not in last
    assert "TestWithoutConfig needs a fixture `config`" in output
    assert "TestUsersWithoutCredentials needs a fixture `accepted`" in output
    assert "TestOverrides overrides ['test_put_replaces_the_whole_object']: declare known_failures instead" in output


def test_the_report_contains_driver_versions_capabilities_and_sentences(folder: Path) -> None:
    report = json.loads((folder / "reports" / "r.json").read_text())
    assert report["kit"]["contract"] == ".".join(map(str, CONTRACT_VERSION))
    known = next(driver for driver in report["drivers"] if driver["test_class"].endswith("TestKnown"))
    assert (known["driver"], known["contract"], known["capabilities"]["create"]) == (
        "honest",
        report["kit"]["contract"],
        False,
    )
    failed = {"test": TAIL, "status": "known-failure", "reason": "issue 7: the tail stays"}
    (row,) = [row for row in known["sentences"] if failed in row["tests"]]
    assert (row["verb"], row["status"]) == ("put", "known-failure")
    assert {gap["verb"] for gap in known["not_proven"]} >= {"put", "move", "upload_commit"}
    assert known["summary"]["known-failure"] >= 1


def test_the_report_has_the_documented_schema(folder: Path) -> None:
    report = json.loads((folder / "reports" / "r.json").read_text())
    schema = json.loads(Path(results.__file__).with_name("report.schema.json").read_text())
    importlib.import_module("jsonschema").validate(report, schema)
    assert schema["$defs"]["status"]["enum"] == list(results.STATUSES)


@pytest.mark.parametrize("name", ["r.md", "r.html"])
def test_the_report_is_readable(folder: Path, name: str) -> None:
    text = (folder / "reports" / name).read_text()
    assert f"Storage contract {'.'.join(map(str, CONTRACT_VERSION))}" in text
    assert "Authenticator contract 1.0" in text
    assert "issue 7: the tail stays" in text
    assert "the kit cannot cut the power" in text
    assert "not-claimed: create" in text


def test_a_report_of_an_unknown_format_is_refused() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--contract-report=r.txt", str(Path(__file__).with_name("test_keys.py"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "must end with one of .json, .md, .html" in run.stderr
