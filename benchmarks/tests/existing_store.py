"""A storage directory with existing content of another registry."""

from __future__ import annotations

from pathlib import Path

from entrepot_benchmarks.cost.host import Host
from entrepot_storage_fs import FilesystemDriver

__all__ = ["existing_store", "files"]


def existing_store(folder: Path) -> Path:
    """Create the directory and push a blob."""
    driver = FilesystemDriver.from_config({"rootdirectory": str(folder)})
    Host(driver).push_blob("other/app", b"other content" * 1000)
    driver.close()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
