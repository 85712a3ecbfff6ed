"""``pytest --pyargs entrepot_benchmarks.suites.installed``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.tests.suites.conftest import Pytest

INSTALLED = ("--pyargs", "entrepot_benchmarks.suites.installed", "-k", "not host")
PACKAGE: Final[Mapping[str, str]] = {
    "pyproject.toml": """
[project]
name = "shelf-store"
version = "1.2"

[project.entry-points."entrepot.storage"]
shelf = "shelf_store:ShelfDriver"
shelf-again = "shelf_store:ShelfDriver"

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"
""",
    "src/shelf_store/__init__.py": """
from entrepot_contract import DriverOptions
from entrepot_storage_fs import FilesystemDriver, FilesystemOptions

class ShelfOptions(DriverOptions):
    folder: str

class ShelfDriver(FilesystemDriver):
    name = "shelf"
    Options = ShelfOptions

    def __init__(self, options):
        super().__init__(FilesystemOptions(rootdirectory=options.folder))
""",
}


def install(folder: Path) -> Path:
    """Build a package of somebody else's, and install it into a folder."""
    source, site = folder / "shelf", folder / "site"
    for name, text in PACKAGE.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    uv = str(Path(sys.executable).with_name("uv"))
    for command in (
        [uv, "build", "--wheel", "--offline", "--no-cache", "--out-dir", "dist", str(source)],
        [uv, "pip", "install", "--offline", "--no-deps", "--no-cache", "--target", str(site), "shelf_store==1.2"],
    ):
        more = ["--find-links", "dist"] if command[1] == "pip" else []
        done = subprocess.run([*command, *more], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return site


def test_every_driver_that_needs_no_options_is_measured(inner: Pytest) -> None:
    found = inner.measure(*INSTALLED[:2], "-k", "not host and not 1000")
    backends = {name.partition(": ")[0] for name in found}
    assert {"filesystem", "inmemory"} <= backends
    assert not {"s3", "s3aws", "azure", "gcs"} & backends
    facts = found["filesystem: put[4KiB]"]["extra_info"]
    assert isinstance(facts, dict)
    assert (facts["package"], facts["driver"], facts["durable"]) == ("entrepot-storage-fs", "filesystem", True)
    assert found["inmemory: stat"]["group"] == found["filesystem: stat"]["group"] == "stat"
    assert [path for path in (inner.folder / "base").rglob("*") if path.is_file()] == []


def test_drivers_that_need_options_are_named_with_what_to_add(inner: Pytest) -> None:
    run = inner.run(*INSTALLED, "--benchmark-disable", "-k", "stat and not host", "-q")
    assert run.returncode == 0, run.stdout
    assert "s3 is left out: it needs 'bucket'; add --storage-backend s3=OPTIONS.yml" in run.stdout
    assert "s3aws" not in run.stdout


def test_named_backends_alone_are_measured_under_their_labels(inner: Pytest) -> None:
    options = inner.folder / "options.yml"
    options.write_text(f"rootdirectory: {inner.store}\n")
    chosen = ["one:filesystem=options.yml", 'other:filesystem={rootdirectory: "{tmp}/other"}', "inmemory"]
    found = inner.measure(*INSTALLED[:2], "-k", "put and 4KiB", *(f"--storage-backend={each}" for each in chosen))
    assert set(found) == {f"{label}: put[4KiB]" for label in ("one", "other", "inmemory")}
    assert (inner.store).is_dir()
    assert inner.left() == []


def test_a_backend_that_cannot_be_had_is_told_in_a_line(inner: Pytest) -> None:
    run = inner.run(*INSTALLED, "--storage-backend", "filesistem={rootdirectory: secret-of-the-test}")
    assert run.returncode == 2
    assert "--storage-backend: no storage plugin is called 'filesistem'; installed are" in run.stdout
    assert "did you mean 'filesystem'?" in run.stdout
    assert "Traceback" not in run.stdout
    assert "secret-of-the-test" not in run.stdout + run.stderr


def test_a_driver_of_another_package_is_found(inner: Pytest) -> None:
    site = install(inner.folder)
    outer = os.environ.get("PYTHONPATH", "")
    inner = replace(inner, environment={"PYTHONPATH": f"{site}{os.pathsep}{outer}".rstrip(os.pathsep)})
    found = inner.measure(*INSTALLED[:2], "-k", "4KiB or stat")
    mine = {name: each["extra_info"] for name, each in found.items() if name.startswith("shelf")}
    assert set(mine) == {"shelf: put[4KiB]", "shelf: read[4KiB]", "shelf: stat"}, "and once, though it has two names"
    facts = mine["shelf: stat"]
    assert isinstance(facts, dict)
    assert (facts["package"], facts["version"]) == ("shelf-store", "1.2")
    named = inner.measure(*INSTALLED[:2], "-k", "stat", '--storage-backend=shelf-again={folder: "{tmp}"}')
    assert set(named) == {"shelf-again: stat"}
