"""The package in ``docs/writing-a-server.md`` is complete, small, and behaves as the page describes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeGuard

import pytest

from entrepot_contract.plugins import SERVER, claims, load
from entrepot_contract.server import ServerDriver

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/writing-a-server.md").read_text()
FILES: Final[Mapping[str, str]] = dict(
    re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE, re.DOTALL | re.MULTILINE)
)
PACKAGE: Final = ("pyproject.toml", "entrepot_server_threads.py", "test_threads.py")
MAX_LINES: Final = 75


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the page's files, and the metadata that an installation would write."""
    folder = tmp_path_factory.mktemp("server")
    for name in PACKAGE:
        (folder / name).write_text(FILES[name])
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["entrepot.server"]
    (info / "entry_points.txt").write_text("[entrepot.server]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the package on its path."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False
    )


def test_the_package_is_small() -> None:
    assert sum(len(FILES[name].splitlines()) for name in PACKAGE) <= MAX_LINES


def test_the_package_passes_the_tests_that_the_page_names(folder: Path) -> None:
    (command,) = re.findall(r"^pytest (-k .*)$", PAGE, re.MULTILINE)
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "--contract-report=kit.json"]
    done = run(folder, sys.executable, "-m", "pytest", *options, *shlex.split(command), "test_threads.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (server,) = json.loads((folder / "kit.json").read_text())["servers"]
    assert (server["driver"], server["package"], server["version"]) == ("threads", "entrepot-server-threads", "1.0")
    assert sum(row["status"] == "pass" for row in server["sentences"]) > 5


def test_the_host_accepts_the_configuration_and_rejects_an_unknown_option(folder: Path) -> None:
    for text, status in ((FILES["config.yml"], 0), (FILES["config.yml"].replace("backlog:", "backlogs:"), 1)):
        (folder / "config.yml").write_text(f"version: 0.1\nstorage: {{inmemory: {{}}}}\n{text}")
        done = run(folder, sys.executable, "-m", "entrepot", "config", "check", "--offline", "config.yml")
        assert done.returncode == status, done.stdout + done.stderr
    assert "unknown option 'backlogs', did you mean 'backlog'? (entrepot-server-threads 1.0" in done.stderr


def test_the_priorities_are_those_on_the_page() -> None:
    said = dict(re.findall(r"(granian|gunicorn|waitress)(?: has)? (\d+)", PAGE))
    servers = [load(SERVER, claim.name) for claim in claims(SERVER)]
    assert {one.name: str(one.priority) for one in servers if _is_server(one)} == said


def _is_server(plugin: object) -> TypeGuard[type[ServerDriver]]:
    return isinstance(plugin, type) and issubclass(plugin, ServerDriver)
