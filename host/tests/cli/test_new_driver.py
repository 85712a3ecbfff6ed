"""``entrepot new-driver``: valid names, the generated files, and that nothing is overwritten."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from host.tests.plugins.conftest import Install, install  # noqa: F401 - a fixture

from entrepot.cli import main
from entrepot_contract.testing.badge import badge
from entrepot_contract.testing.kits import KITS

KINDS = ("storage", "auth", "notify", "server")
ROOT = Path(__file__).parents[3]
LONGEST = "a2345678-b2345678-c2345678-d2345"


def new_driver(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["new-driver", *map(str, arguments)])


def made(folder: Path, kind: str = "storage", name: str = "my-thing", *more: str) -> Path:
    """A generated package."""
    output = folder / f"{kind}-{name}"
    result = new_driver(name, "--kind", kind, "--output", output, *more)
    assert result.exit_code == 0, result.output
    return output


def run(folder: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a generated package, with its sources on the path."""
    environ = {**os.environ, "PYTHONPATH": str(folder / "src"), **variables}
    line = [sys.executable, *map(str, command)]
    return subprocess.run(line, cwd=folder, env=environ, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_package_is_complete(tmp_path: Path, kind: str) -> None:
    folder = made(tmp_path, kind)
    module = f"entrepot_{kind}_my_thing"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    more = {"storage": (), "server": ("connection", "options", "request", "response")}.get(kind, ("options",))
    assert files == {f"src/{module}/{name}.py" for name in more} | {
        ".github/workflows/kit.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        f"src/{module}/__init__.py",
        f"src/{module}/driver.py",
        f"src/{module}/py.typed",
        "tests/test_contract.py",
    }
    metadata = tomllib.loads((folder / "pyproject.toml").read_text())
    assert metadata["tool"]["hatch"]["build"]["targets"]["sdist"] == {"only-include": ["src", "tests"]}
    project = metadata["project"]
    assert project["name"] == f"entrepot-{kind}-my-thing"
    (entry,) = project["entry-points"][f"entrepot.{kind}"].items()
    assert entry[0] == "my-thing"
    assert entry[1].startswith(f"{module}:MyThing")
    assert "$" not in (folder / f"src/{module}/driver.py").read_text()
    assert "REPLACE" in (folder / f"src/{module}/driver.py").read_text()


def lint(folder: Path) -> list[list[str]]:
    """Returns the commands that check the code in a generated package's CI."""
    jobs = yaml.safe_load((folder / ".github/workflows/kit.yml").read_text())["jobs"]
    first, *commands = [shlex.split(step["run"]) for step in jobs["lint"]["steps"] if "run" in step]
    assert first == ["pip", "install", ".[test,lint]"]
    assert {command[0] for command in commands} == {"ruff", "mypy"}
    return commands


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["x", LONGEST])
def test_the_code_is_clean_whatever_the_name(tmp_path: Path, kind: str, name: str) -> None:
    folder = made(tmp_path, kind, name)
    for command in lint(folder):
        if command[0] == "ruff":
            done = run(folder, "-m", *command, RUFF_NO_CACHE="true")
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mypy cache of the packages that all kinds use."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("kind", KINDS)
def test_the_types_are_strict(tmp_path: Path, cache: Path, kind: str) -> None:
    folder = made(tmp_path, kind)
    (command,) = [command for command in lint(folder) if command[0] == "mypy"]
    done = run(folder, "-m", *command, MYPY_CACHE_DIR=str(cache))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_driver_is_short_and_complete(tmp_path: Path) -> None:
    sources = (made(tmp_path, "storage", LONGEST) / "src").rglob("*.py")
    assert 100 < sum(len(path.read_text().splitlines()) for path in sources) <= 150


# The storage driver's run is in tests/drivers, from a wheel and with a host on it.
@pytest.mark.parametrize("kind", ["auth", "notify", "server"])
def test_it_passes_its_kit_as_generated(tmp_path: Path, kind: str) -> None:
    folder = made(tmp_path, kind)
    # The tests of servers wait most of the time.
    command = ("-m", "pytest", "-q", "-W", "error", "-n", "3", "-p", "no:cacheprovider", "--contract-report=kit.json")
    # Otherwise it would clean up after all other runs of pytest at its end, and fail if it cannot.
    done = run(folder, *command, PYTEST_DEBUG_TEMPROOT=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    (plugin,) = json.loads((folder / "kit.json").read_text())[KITS[kind].listed]
    assert plugin["driver"] == "my-thing"
    assert plugin["contract"] == "{}.{}".format(*KITS[kind].version)
    assert set(plugin["summary"]) <= {"pass", "not-claimed"}
    assert badge(json.loads((folder / "kit.json").read_text()))["color"] == "green"


def test_ci_installs_runs_the_kit_and_keeps_the_report(tmp_path: Path) -> None:
    jobs = yaml.safe_load((made(tmp_path) / ".github/workflows/kit.yml").read_text())["jobs"]
    commands = [step.get("run", step.get("uses", "")) for step in jobs["kit"]["steps"]]
    assert "pip install '.[test]'" in commands
    assert any("--contract-report=kit.json" in command for command in commands)
    assert any(command.startswith("actions/upload-artifact") for command in commands)
    assert "entrepot-contract badge kit.json badge.json" in [step.get("run") for step in jobs["badge"]["steps"]]
    assert "${{ matrix.python }}" in str(jobs["kit"])


@pytest.mark.parametrize("name", ["Apache-2.0", "MIT", "none"])
def test_the_licence_is_chosen(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path, "storage", "my-thing", "--license", name)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project.get("license") == (None if name == "none" else name)
    assert (folder / "LICENSE").exists() == (name != "none")
    if name == "MIT":
        owner = r"Copyright \(c\) 20\d\d the authors of entrepot-storage-my-thing"
        assert re.search(owner, (folder / "LICENSE").read_text())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("My_Backend", "'my-backend' would be valid"),
        ("my..backend", "'my-backend' would be valid"),
        ("-x", "'x' would be valid"),
        ("9p", "starting with a letter"),
        ("", "starting with a letter"),
        ("a/../b", "'a-b' would be valid"),
        ("x\n", "'x' would be valid"),
        ("bäckend", "single hyphens"),
        ("a = b", "'a-b' would be valid"),
        ("entrepot-storage-mine", "use 'mine'"),
        (f"{LONGEST}7", "the maximum is 32; use a shorter name"),
        ("redirect", "a key of the section storage"),
        ("cache", "a key of the section storage"),
        ("filesystem", "claimed by the installed package entrepot-storage-fs"),
    ],
)
def test_an_invalid_name_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = new_driver("--", name)
    assert result.exit_code == 1
    assert reason in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_another_kind_is_free(tmp_path: Path) -> None:
    assert made(tmp_path, "notify", "filesystem").is_dir()
    assert "claimed by" in new_driver("token", "--kind", "auth", "--output", tmp_path / "token").output
    assert made(tmp_path, "storage", "auto").is_dir()


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("auth", "none", "no authenticator"),
        ("server", "auto", "the best installed server"),
        ("server", "waitress", "claimed by the installed package entrepot;"),
        ("server", "entrepot-server-mine", "use 'mine'"),
    ],
)
def test_a_name_is_rejected_for_its_kind(tmp_path: Path, kind: str, name: str, reason: str) -> None:
    assert reason in new_driver(name, "--kind", kind, "--output", tmp_path / "new").output
    assert not (tmp_path / "new").exists()


def test_the_name_of_an_installed_plugin_is_rejected(tmp_path: Path, install: Install) -> None:  # noqa: F811 - the fixture
    install("other-package", "", storage={"theirs": "Driver"})
    result = new_driver("theirs", "--output", tmp_path / "new")
    assert result.exit_code == 1
    assert "claimed by the installed package other-package" in result.output
    assert not (tmp_path / "new").exists()


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine too")
    for place in (there, tmp_path / "file"):
        result = new_driver("my-thing", "--output", place)
        assert result.exit_code == 1
        assert "choose another with --output DIR" in result.output
    assert [path.name for path in there.iterdir()] == ["mine.txt"]
    assert (tmp_path / "file").read_text() == "mine too"


def test_an_empty_folder_is_used_and_the_default_is_the_packages_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "entrepot-storage-my-thing").mkdir()
    assert new_driver("my-thing").exit_code == 0
    assert (tmp_path / "entrepot-storage-my-thing" / "pyproject.toml").is_file()
    assert new_driver("my-thing").exit_code == 1, "now it is not empty"


def test_an_unwritable_folder_is_reported_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = new_driver("my-thing", "--output", tmp_path / "file" / "below")
    assert result.exit_code == 1
    assert "cannot be written: Not a directory" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_the_printed_guide_exists(tmp_path: Path, kind: str) -> None:
    said = new_driver("my-thing", "--kind", kind, "--output", tmp_path / "new").output
    (guide,) = re.findall(r"The guide is (docs/\S+) in", said)
    assert "new-driver" in (ROOT / guide).read_text()


def test_the_printed_commands_can_be_pasted(tmp_path: Path) -> None:
    place = tmp_path / "with a space"
    said = new_driver("my-thing", "--output", place).output
    assert f"    cd '{place}'\n    pip install --editable '.[test]'\n    pytest\n" in said
