"""A storage driver in a third-party package, which is built and installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["install"]

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


def install(folder: Path, more: str = "") -> Path:
    """Build the package, and install it into a folder; ``more`` is added to the driver class."""
    source, site = folder / "shelf", folder / "site"
    for name, given in PACKAGE.items():
        text = given + more if name.endswith(".py") else given
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    uv = str(Path(sys.executable).with_name("uv"))
    for command in (
        [uv, "build", "--wheel", "--offline", "--no-cache", "--out-dir", "dist", str(source)],
        [uv, "pip", "install", "--offline", "--no-deps", "--no-cache", "--target", str(site), "shelf_store==1.2"],
    ):
        where = ["--find-links", "dist"] if command[1] == "pip" else []
        done = subprocess.run([*command, *where], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return site
