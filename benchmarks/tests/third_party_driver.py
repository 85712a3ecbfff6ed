"""A storage driver in a third-party package, as installed by pip."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import entrepot_storage_fs

__all__ = ["VERSION", "install_driver"]

VERSION: Final = "4.5.6"


def install_driver(folder: Path) -> Path:
    """Install the package ``example-store`` with the driver ``example`` into a folder, which has to be on the path."""
    source, package = Path(entrepot_storage_fs.__file__).parent, folder / "example_store"
    package.mkdir(parents=True)
    for file in source.glob("*.py"):
        text = file.read_text().replace("entrepot_storage_fs", "example_store")
        (package / file.name).write_text(text.replace('NAME: Final = "filesystem"', 'NAME: Final = "example"'))
    info = folder / f"example_store-{VERSION}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: example-store\nVersion: {VERSION}\n")
    (info / "entry_points.txt").write_text("[entrepot.storage]\nexample = example_store:FilesystemDriver\n")
    return folder
