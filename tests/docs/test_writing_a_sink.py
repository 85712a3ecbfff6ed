"""The package in ``docs/writing-a-sink.md`` is complete, small, and behaves as the page describes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
UV: Final = Path(sys.executable).with_name("uv")
PAGE: Final = (ROOT / "docs/writing-a-sink.md").read_text()
FILES: Final[Mapping[str, str]] = dict(
    re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE, re.DOTALL | re.MULTILINE)
)
PACKAGE: Final = ("pyproject.toml", "entrepot_notify_jsonlines.py", "test_jsonlines.py")
MAX_LINES: Final = 60
# Otherwise uv reuses an earlier build of a directory if its pyproject.toml is unchanged.
FRESH: Final = [f"--refresh-package=entrepot{name}" for name in ("", "-contract", "-notify-jsonlines")]
pytestmark = pytest.mark.timeout(600)


def run(folder: Path, *command: str | Path) -> str:
    """Run a command without the environment variables of this test run and return its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON"))}
    path = f"{folder / 'env' / 'bin'}{os.pathsep}{kept['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the page's files and a virtual environment in which the package is installed."""
    folder = tmp_path_factory.mktemp("sink")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    run(folder, UV, "venv", "--quiet", "--python", sys.executable, "env")
    sources = [".", f"{ROOT / 'contract'}[testing]", str(ROOT / "host")]
    run(folder, UV, "pip", "install", "--quiet", *FRESH, "--python", "env", *sources)
    return folder


def test_the_package_is_small() -> None:
    assert sum(len(FILES[name].splitlines()) for name in PACKAGE) <= MAX_LINES


def test_the_package_passes_the_kit(folder: Path) -> None:
    output = run(folder, "env/bin/pytest", "-W", "error", "--contract-report=kit.json", "test_jsonlines.py")
    (sink,) = json.loads((folder / "kit.json").read_text())["sinks"]
    assert (sink["driver"], sink["package"], sink["version"]) == ("jsonlines", "entrepot-notify-jsonlines", "1.0")
    assert sink["capabilities"] | {"mend": True, "hanging": False} == sink["capabilities"]
    assert sink["summary"].keys() == {"pass", "not-claimed"}
    assert re.search(r"[45]\d passed", output), "the page states the number of tests"


def test_the_installed_sink_passes_the_kit_on_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k arrive")  # all tests run above
    report = folder / "jsonlines.md"
    (command,) = re.findall(r"^entrepot-contract check .*$", PAGE, re.MULTILINE)
    run(folder, f"env/bin/{command.split()[0]}", *command.split()[1:])
    assert "## jsonlines (entrepot-notify-jsonlines 1.0)" in report.read_text()


def test_the_host_accepts_the_configuration(folder: Path) -> None:
    served = FILES["config.yml"].replace("/var/lib/entrepot", str(folder))
    (folder / "config.yml").write_text(f"version: 0.1\nstorage: {{inmemory: {{}}}}\n{served}")
    sources = [str(ROOT / "plugins" / "storage_memory")]
    run(folder, UV, "pip", "install", "--quiet", "--python", "env", *sources)
    run(folder, "env/bin/entrepot", "config", "check", "--offline", "config.yml")
