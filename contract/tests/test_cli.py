"""``entrepot-contract check``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.tests import honest, sink_cases
from contract.tests.honest_sink import TOKEN, Place

from entrepot_contract.testing import basic, cli
from entrepot_contract.testing.cli import OPTIONS, main, read_config
from entrepot_contract.testing.sections import UsageError, as_section

ROOT = Path(__file__).parents[2]
DRIVERS = """
from contract.tests.honest import HonestDriver

class KitHonest(HonestDriver):
    name = "kit-honest"

class KitBroken(KitHonest):
    def __init__(self, options):
        raise OSError("no connection")

class NoDriver:
    pass

from contract.tests.honest_auth import HonestBasic

class KitUsers(HonestBasic):
    name = "kit-users"

from contract.tests.honest_sink import HonestSink

class KitLines(HonestSink):
    name = "kit-lines"

from contract.tests.honest_server import HonestServer

class KitThreads(HonestServer):
    name = "kit-threads"
"""
POINTS = """[entrepot.storage]
kit-honest = kit_drivers:KitHonest
kit-broken = kit_drivers:KitBroken
kit-no-driver = kit_drivers:NoDriver
kit-gone = kit_gone:Driver
kit-both = kit_drivers:KitHonest
[entrepot.auth]
kit-users = kit_drivers:KitUsers
kit-both = kit_drivers:KitUsers
[entrepot.notify]
kit-lines = kit_drivers:KitLines
[entrepot.server]
kit-threads = kit_drivers:KitThreads
"""
RUN = "import sys; from entrepot_contract.testing.cli import main; sys.exit(main())"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an installed package that provides plugins."""
    site = tmp_path / "site"
    package = site / "kit_drivers-1.2.dist-info"
    package.mkdir(parents=True)
    (site / "kit_drivers.py").write_text(DRIVERS)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: kit-drivers\nVersion: 1.2\n")
    (package / "entry_points.txt").write_text(POINTS)
    (package / "top_level.txt").write_text("kit_drivers\n")
    monkeypatch.syspath_prepend(site)
    return site


def check(site: Path, *arguments: str, only: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, with the whole kit, or only with tests whose names contain ``only``."""
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "PYTEST_ADDOPTS": f"-k='{only}'"}
    command = [sys.executable, "-c", RUN, "check", *arguments]
    return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, timeout=250, check=False)


def test_an_installed_driver_is_checked_without_a_test_file(site: Path) -> None:
    config, report = site / "options.json", site / "report.json"
    config.write_text(json.dumps({"path": "{tmp}/kit.db", "shared": False, "password": "secret-of-the-test"}))
    # Whole kits run on the same plugins in test_honest*.py.
    run = check(site, "kit-honest", "--config", str(config), "--report", str(report), only="put or close or sign")
    assert run.returncode == 0, run.stdout + run.stderr
    (driver,) = json.loads(report.read_text())["drivers"]
    assert (driver["driver"], driver["package"], driver["version"]) == ("kit-honest", "kit-drivers", "1.2")
    assert driver["summary"].keys() <= {"pass", "not-claimed", "not-run"}
    assert driver["summary"]["pass"] >= 5
    assert "secret-of-the-test" not in run.stdout + run.stderr + report.read_text()


def test_a_driver_is_checked_with_a_backend_that_fails(site: Path) -> None:
    """Its file is a database, so that a missing folder is a backend that cannot be reached."""
    config, report = site / "options.json", site / "report.json"
    section = {"options": {"path": "{tmp}/kit.db"}, "unreachable": {"path": "{tmp}/none/kit.db"}, "failure_timeout": 20}
    config.write_text(json.dumps(section))
    arguments = ("kit-honest", "--config", str(config), "--report", str(report))
    run = check(site, *arguments, only="test_health_is_not_ok_if")
    assert run.returncode == 0, run.stdout + run.stderr
    (driver,) = json.loads(report.read_text())["drivers"]
    assert driver["capabilities"]["unreachable"] is True
    tests = {test["test"]: test["status"] for row in driver["sentences"] for test in row["tests"]}
    assert tests["test_health_is_not_ok_if_the_backend_cannot_be_reached"] == "pass"


@pytest.mark.parametrize(
    ("content", "options", "whole"),
    [
        ({"path": "x"}, ["path"], False),
        ({}, ["path"], False),
        ({"options": {"path": "x"}}, ["path"], True),
        ({"options": {"a": 1}}, ["options"], False),
        ({"options": {"a": 1}, "endpoint": "127.0.0.1:9000"}, ["options"], True),
        ({"options": {"a": 1}, "endpoint": "127.0.0.1:9000"}, ["options", "endpoint"], False),
    ],
)
def test_a_file_with_options_alone_stays_valid(content: dict[str, object], options: list[str], whole: bool) -> None:
    assert as_section(content, options) == (content if whole else {"options": content})


GOOD = str(basic("alice", "secret-of-the-test").authorization)
BAD = [str(basic("alice", "wrong-of-the-test").authorization), "Basic !"]


def users(site: Path) -> dict[str, object]:
    """The file's content for an authenticator."""
    (site / "users.json").write_text(json.dumps({"alice": ["secret-of-the-test"]}))
    accepted = [{"authorization": GOOD, "user": "alice"}]
    timing = [[BAD[0], str(basic("nobody", "wrong-of-the-test").authorization)]]
    return {"options": {"path": f"{site}/users.json"}, "accepted": accepted, "refused": BAD, "timing": timing}


def test_an_ambiguous_name_is_checked_as_the_given_kind(site: Path) -> None:
    config, report = site / "users-options.json", site / "report.json"
    config.write_text(json.dumps(users(site)))
    arguments = ("kit-both", "--kind", "auth", "--config", str(config), "--report", str(report))
    run = check(site, *arguments, only="wrong_options")
    assert run.returncode == 0, run.stdout + run.stderr
    assert [plugin["driver"] for plugin in json.loads(report.read_text())["authenticators"]] == ["kit-users"]


def test_an_installed_authenticator_is_checked_without_a_test_file(site: Path) -> None:
    config, report = site / "users-options.json", site / "report.json"
    config.write_text(json.dumps(users(site)))
    run = check(site, "kit-users", "--config", str(config), "--report", str(report), only="credential or timing")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(report.read_text())
    assert found["drivers"] == []
    (plugin,) = found["authenticators"]
    assert (plugin["driver"], plugin["package"], found["kit"]["auth_contract"]) == ("kit-users", "kit-drivers", "1.0")
    claims = {"schemes": ["basic"], "challenge": True, "issues": False, "timing": True, "set_users": False}
    assert plugin["capabilities"].items() >= claims.items()
    assert plugin["summary"].keys() <= {"pass", "not-claimed", "not-run"}
    assert plugin["summary"]["pass"] >= 3
    assert "of-the-test" not in run.stdout + run.stderr + report.read_text()


@pytest.fixture
def lines(site: Path) -> Iterator[dict[str, object]]:
    """The file's content for a sink, with endpoints in this process."""
    (site / "greeting").write_text("hello")
    with Place(arrived=site / "arrived") as place, Place("hangs") as hanging:
        gone = Place()
        given = [sink_cases.options(each, str(site / "greeting")) for each in (place, gone, hanging)]
        received = [sys.executable, "-c", f"print(open({str(site / 'arrived')!r}).read(), end='')"]
        yield {"options": given[0], "received": received, "unreachable": given[1], "hanging": given[2]}
        gone.__exit__()


def test_an_installed_sink_is_checked_without_a_test_file(site: Path, lines: dict[str, object]) -> None:
    config, report = site / "lines.json", site / "report.json"
    config.write_text(json.dumps(lines))
    reports = [argument for file in (report, site / "report.md") for argument in ("--report", str(file))]
    run = check(site, "kit-lines", "--config", str(config), *reports, only="arrive")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(report.read_text())
    assert found["drivers"] == []
    (plugin,) = found["sinks"]
    assert (plugin["driver"], plugin["package"], found["kit"]["notify_contract"]) == ("kit-lines", "kit-drivers", "1.0")
    claims = {"hanging": True, "failing": False, "rejecting": False, "mend": False, "secrets": True, "at_url": False}
    assert plugin["capabilities"] == claims
    assert plugin["summary"].keys() <= {"pass", "not-claimed", "not-run"}
    assert plugin["summary"]["pass"] >= 2
    assert (site / "report.md").read_text().startswith("# Notification sink contract 1.0, kit ")
    assert TOKEN not in run.stdout + run.stderr + report.read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"options": []}, "options of 'kit-threads' must be an object"),
        ({"detects_truncated_chunks": "no"}, "detects_truncated_chunks of 'kit-threads' must be true or false"),
        (
            {"backlog": 1},
            "'kit-threads' has unknown backlog in --config FILE; valid: options, detects",
        ),
    ],
)
def test_an_invalid_section_of_a_server_is_refused(
    site: Path, content: dict[str, object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "c.json").write_text(json.dumps(content))
    assert main(["check", "kit-threads", "--config", str(site / "c.json")]) == 2
    assert message in capsys.readouterr().err


def test_an_installed_server_is_checked_without_a_test_file(site: Path) -> None:
    content: dict[str, object] = {"options": {"greeting": "{tmp}"}, "detects_truncated_chunks": False}
    for section, status in ((content, 1), ({}, 0)):
        (site / "chosen.json").write_text(json.dumps({"server": {"kit-threads": section}}))
        environment = {
            **os.environ,
            "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
            OPTIONS: str(site / "chosen.json"),
        }
        # The complete kit of servers takes minutes, and this server does not pass it.
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
        command += [
            "--import-mode=importlib",
            "-k",
            "wrong_options or created_from_options",
            f"--contract-report={site}/report.json",
            str(Path(cli.__file__).with_name("installed.py")),
        ]
        run = subprocess.run(
            command, cwd=site, env=environment, capture_output=True, text=True, timeout=250, check=False
        )
        assert run.returncode == status, run.stdout + run.stderr
        (server,) = json.loads((site / "report.json").read_text())["servers"]
        assert (server["driver"], server["package"], server["version"]) == ("kit-threads", "kit-drivers", "1.2")
        assert server["capabilities"]["detects_truncated_chunks"] is (not section)


def test_a_sink_that_delivers_nothing_makes_the_command_fail(site: Path, lines: dict[str, object]) -> None:
    config = site / "lines.json"
    config.write_text(json.dumps({**lines, "received": [sys.executable, "-c", ""]}))
    run = check(site, "kit-lines", "--config", str(config), only="have_arrived_in_order")
    assert run.returncode == 1
    assert "test_events_have_arrived_in_order_when_deliver_returns" in run.stdout


def test_a_failing_command_is_reported(site: Path, lines: dict[str, object]) -> None:
    config = site / "lines.json"
    config.write_text(json.dumps({**lines, "received": [sys.executable, "-c", "exit('the queue is gone')"]}))
    run = check(site, "kit-lines", "--config", str(config), only="have_arrived_in_order")
    assert run.returncode == 1
    assert "exited with status 1: the queue is gone" in run.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": []}, "options of 'kit-lines' must be an object"),
        ({"received": "cat arrived"}, "received of 'kit-lines' must be a command, as a list of words"),
        ({"received": []}, "received of 'kit-lines' must be a command, as a list of words"),
        ({"hanging": "10.0.0.1"}, "hanging of 'kit-lines' must be an object"),
        ({"mend": [1]}, "mend of 'kit-lines' must be a command, as a list of words"),
        ({"port": 1}, "'kit-lines' has unknown port in --config FILE; valid: options, received, unreachable"),
    ],
)
def test_an_invalid_section_of_a_sink_is_refused(
    site: Path,
    lines: dict[str, object],
    changes: dict[str, object],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (site / "c.json").write_text(json.dumps({**lines, **changes}))
    assert main(["check", "kit-lines", "--config", str(site / "c.json")]) == 2
    assert message in capsys.readouterr().err


def test_an_authenticator_that_fails_makes_the_command_fail(site: Path) -> None:
    config = site / "users-options.json"
    config.write_text(json.dumps({**users(site), "refused": [GOOD]}))
    run = check(site, "kit-users", "--config", str(config), only="refused")
    assert run.returncode == 1
    assert "instead of refused" in run.stdout
    assert GOOD not in run.stdout
    assert "secret-of-the-test" not in run.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": None}, "options of 'kit-users' must be an object"),
        ({"accepted": {}}, "accepted of 'kit-users' must be a list of objects"),
        ({"accepted": [GOOD]}, "must be a list of objects with authorization and user"),
        ({"refused": [{"authorization": GOOD}]}, "refused of 'kit-users' must be a list of values of the Auth"),
        ({"timing": [[GOOD]]}, "timing of 'kit-users' must be a list of pairs"),
        ({"path": "users.json"}, "'kit-users' has unknown path in --config FILE; valid: options, accepted, refused"),
    ],
)
def test_an_invalid_section_of_an_authenticator_is_refused(
    site: Path, changes: dict[str, object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "c.json").write_text(json.dumps({**users(site), **changes}))
    assert main(["check", "kit-users", "--config", str(site / "c.json")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert GOOD not in error


def test_a_driver_that_fails_makes_the_command_fail(site: Path) -> None:
    config = site / "options.json"
    config.write_text(json.dumps({"path": "{tmp}/kit.db", "password": "secret-of-the-test"}))
    run = check(site, "kit-broken", "--config", str(config), only="stat")
    assert run.returncode == 1
    assert "no connection" in run.stdout


def test_objects_in_a_store_that_stays_are_deleted_after_each_test(site: Path) -> None:
    options = {"path": f"{site}/{{unique}}.db", "password": "secret-of-the-test"}
    for path in (options["path"], f"{site}/stays.db"):
        (site / "options.json").write_text(json.dumps({**options, "path": path}))
        done = check(site, "kit-honest", "--config", str(site / "options.json"), only="test_stat")
        assert done.returncode == 0, done.stdout
    stores = list(site.glob("*.db"))
    assert len(stores) > 2, "{unique} is a new word for every test"
    for store in stores:
        driver = honest.HonestDriver.from_config({**options, "path": str(store)})
        assert list(driver.list_objects("")) == []
        driver.close()


def test_objects_that_the_command_did_not_write_are_kept(site: Path) -> None:
    options = {"path": f"{site}/mine.db", "password": "secret-of-the-test"}
    (site / "options.json").write_text(json.dumps(options))
    driver = honest.HonestDriver.from_config(options)
    driver.put("mine", b"x")
    done = check(site, "kit-honest", "--config", str(site / "options.json"), only="test_stat")
    assert done.returncode == 1
    assert "the store is not empty, and the command deletes nothing that it did not write" in done.stdout
    assert "1 error, 6 not-run" in done.stdout
    assert driver.stat("mine").size == 1
    driver.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kit-hones"], "no driver or authenticator or sink or server 'kit-hones' is installed; installed: "),
        (["kit-honest"], "'kit-honest' takes options, which determine where the kit writes: set them in --config FILE"),
        (["kit-gone"], "'kit-gone' cannot be imported from kit_gone:Driver: No module named 'kit_gone'"),
        (
            ["kit-no-driver"],
            "'kit-no-driver' is not a valid driver: kit_drivers:NoDriver is not a subclass of StorageDriver",
        ),
        (["kit-honest", "--config", "missing.json"], "missing.json cannot be read: No such file or directory"),
        (["--all-installed"], "--config FILE, under '"),
        (["--all-installed", "--kind", "auth"], "--config FILE, under '"),
        (["kit-users"], "the authenticator 'kit-users' requires options, refused in --config FILE"),
        (["kit-lines"], "the sink 'kit-lines' requires options, received, unreachable in --config FILE"),
        (["kit-both"], "'kit-both' is ambiguous: add --kind storage or --kind auth"),
        (["kit-users", "--kind", "storage"], "no driver 'kit-users' is installed; installed: "),
    ],
)
def test_an_invalid_command_line_is_explained(
    site: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_name_lists_the_installed_ones(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "nothing"])
    error = capsys.readouterr().err
    assert all(name in error for name in ("kit-broken", "kit-gone", "kit-honest", "kit-no-driver"))


def test_a_config_can_be_json_or_yaml(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"a": {"path": "{tmp}"}}')
    (tmp_path / "c.yml").write_text("a:\n  path: '{tmp}'\n")
    assert read_config(tmp_path / "c.json") == read_config(tmp_path / "c.yml") == {"a": {"path": "{tmp}"}}
    assert read_config(None) == {}


@pytest.mark.parametrize(("name", "text"), [("c.json", "{"), ("c.yml", "a: ["), ("c.json", "[1]"), ("c.yml", "a")])
def test_a_bad_config_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=name):
        read_config(tmp_path / name)
