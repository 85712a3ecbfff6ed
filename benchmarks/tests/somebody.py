"""A directory in which somebody's registry keeps something, and what it holds."""

from __future__ import annotations

from pathlib import Path

from entrepot_benchmarks.cost.host import Host
from entrepot_storage_fs import FilesystemDriver

__all__ = ["files", "someones"]


def someones(folder: Path) -> Path:
    """The directory, with a blob that was pushed."""
    driver = FilesystemDriver.from_config({"rootdirectory": str(folder)})
    Host(driver).push_blob("somebody/app", b"somebody's own" * 1000)
    driver.close()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
