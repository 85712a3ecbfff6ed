"""``docs/hooks.md`` describes every hook, and its example works when it is installed."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from entrepot_contract import hookspecs

PAGE: Final = (Path(__file__).parents[2] / "docs/hooks.md").read_text()
FILES: Final = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE, re.DOTALL | re.MULTILINE))
HOOKS: Final = [name for name in hookspecs.__all__ if name.startswith("entrepot_")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the example, installed as pip would."""
    site = tmp_path_factory.mktemp("site")
    for name, text in FILES.items():
        (site / name).write_text(text)
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [f"[{group}]\n{_lines(names)}" for group, names in project["entry-points"].items()]
    (info / "entry_points.txt").write_text("\n".join(points))
    return site


def _lines(names: dict[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in names.items())


def run(site: Path, *command: str) -> str:
    """Run a Python module with the example installed, and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=site,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_described_with_its_arguments_and_implemented_by_the_example(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"\n## `{hook}({arguments})`\n" in PAGE
    assert f"    @hookimpl\n    def {hook}(" in FILES["entrepot_audit.py"]


def test_the_test_of_the_example_passes(site: Path) -> None:
    assert " passed" in run(site, "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_audit.py")


def test_the_command_of_the_example_can_be_used(site: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text('{"action": "push", "repository": "team/app", "tag": "v1"}\n' * 2)
    assert run(site, "entrepot", "audit", str(log)) == "push team/app 2\n"
    assert "Count the changes in an audit log." in run(site, "entrepot", "--help")
    assert re.search(r"^hooks +audit +entrepot-audit +1\.0 .*ok$", run(site, "entrepot", "plugins"), re.MULTILINE)


def test_the_health_check_of_the_example_can_be_collected(site: Path) -> None:
    program = "from entrepot.plugins import Hooks; print([one.run().ok for one in Hooks.installed().health_checks()])"
    (site / "checked.py").write_text(program)
    assert run(site, "checked") == "[False]\n"
