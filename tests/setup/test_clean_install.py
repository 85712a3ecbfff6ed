"""Installing one storage plugin installs no SDK of another, and the error for another names its package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
UV: Final = Path(sys.executable).with_name("uv")
DRIVERS: Final = {"storage_fs": "filesystem", "storage_s3": "s3", "storage_azure": "azure", "storage_gcs": "gcs"}
SDKS: Final = {
    "storage_fs": (),
    "storage_s3": ("boto",),
    "storage_azure": ("azure-",),
    "storage_gcs": ("google-",),
}
"""Prefixes of the packages that only this plugin may install."""


# Otherwise uv reuses an earlier build of a directory if its pyproject.toml is unchanged.
FRESH: Final = [
    f"--refresh-package=entrepot{name}"
    for name in ("", "-contract", "-server-granian", *(f"-{plugin.replace('_', '-')}" for plugin in DRIVERS))
]


def _run(folder: Path, *command: str | Path, status: int = 0) -> str:
    """Run a command and return its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def bare_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a directory with a virtual environment in which the host is installed without plugins."""
    folder = tmp_path_factory.mktemp("bare-host")
    _run(folder, UV, "venv", "--quiet", "--python", sys.executable, "env")
    sources = [ROOT / "contract", ROOT / "host"]
    _run(folder, UV, "pip", "install", "--quiet", *FRESH, "--python", "env", *sources)
    yield folder
    shutil.rmtree(folder)


def _packages(folder: Path) -> set[str]:
    """Return the names of the packages in the virtual environment."""
    listed = _run(folder, UV, "pip", "list", "--quiet", "--python", "env", "--format", "json")
    return {package["name"] for package in json.loads(listed)}


@contextmanager
def _installed(folder: Path, plugin: str) -> Iterator[set[str]]:
    """Add a plugin to the virtual environment and return the names of all packages; remove what was added."""
    before = _packages(folder)
    fresh = [one for one in FRESH if one.endswith(f"-{plugin.replace('_', '-')}")]
    _run(folder, UV, "pip", "install", "--quiet", *fresh, "--python", "env", ROOT / "plugins" / plugin)
    packages = _packages(folder)
    yield packages
    _run(folder, UV, "pip", "uninstall", "--quiet", "--python", "env", *(packages - before))


@pytest.mark.parametrize("plugin", DRIVERS)
def test_a_storage_plugin_installs_no_sdk_of_another_and_the_error_names_its_package(
    plugin: str, bare_host: Path
) -> None:
    with _installed(bare_host, plugin) as packages:
        _check(bare_host, plugin, packages)


def _check(folder: Path, plugin: str, packages: set[str]) -> None:
    found = {other for other, names in SDKS.items() for package in packages if package.startswith(names or "?")}
    assert found == ({plugin} if SDKS[plugin] else set()), packages
    ours = {package for package in packages if package.startswith("entrepot")}
    assert ours == {"entrepot", "entrepot-contract", f"entrepot-{plugin.replace('_', '-')}"}
    listed = _run(folder, "env/bin/entrepot", "plugins").split()
    assert [driver for driver in DRIVERS.values() if driver in listed] == [DRIVERS[plugin]]

    for other, driver in DRIVERS.items():
        if other != plugin:
            (folder / "config.yml").write_text(f"version: 0.1\nstorage: {{{driver}: {{}}}}\n")
            output = _run(folder, "env/bin/entrepot", "serve", "config.yml", status=1)
            assert f"pip install entrepot-{other.replace('_', '-')}" in output
            assert "Traceback" not in output


@pytest.mark.slow
def test_the_dockerfile_installs_a_registry_that_accepts_its_configuration(folder: Path) -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    plugins = re.search(r'^ARG PLUGINS="(.*)"$', dockerfile, re.MULTILINE)
    assert plugins is not None
    assert re.findall(r"^COPY (\w+) /src/", dockerfile, re.MULTILINE) == ["contract", "host", "plugins"]

    installs = re.findall(r"^RUN /opt/entrepot/bin/pip install --no-cache-dir (.*)$", dockerfile, re.MULTILINE)
    assert len(installs) == 1
    _run(folder, UV, "venv", "--quiet", "--python", sys.executable, "env")
    # The test runs the line of the Dockerfile with uv instead of pip, which is faster and uses the local package cache.
    line = f"{UV} pip install --quiet {' '.join(FRESH)} --python env {installs[0].replace('/src', str(ROOT))}"
    _run(folder, "env", f"PLUGINS={plugins[1]}", "sh", "-c", line)

    output = _run(folder, "env/bin/entrepot", "config", "check", "--offline", ROOT / "deploy" / "config.yml")
    assert output.endswith("can be served\n")
