"""A storage driver in a third-party package, as installed by pip."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import entrepot_storage_fs

__all__ = ["VERSION", "put_beside"]

VERSION: Final = "4.5.6"


def put_beside(folder: Path) -> Path:
    """Install the package ``pantry-store`` with the driver ``pantry`` into a folder, which has to be on the path."""
    source, package = Path(entrepot_storage_fs.__file__).parent, folder / "pantry_store"
    package.mkdir(parents=True)
    for file in source.glob("*.py"):
        text = file.read_text().replace("entrepot_storage_fs", "pantry_store")
        (package / file.name).write_text(text.replace('NAME: Final = "filesystem"', 'NAME: Final = "pantry"'))
    info = folder / f"pantry_store-{VERSION}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pantry-store\nVersion: {VERSION}\n")
    (info / "entry_points.txt").write_text("[entrepot.storage]\npantry = pantry_store:FilesystemDriver\n")
    return folder
