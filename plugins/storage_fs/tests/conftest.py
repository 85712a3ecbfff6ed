"""Small mounted filesystems, for tests with a full or a read-only disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrepot_storage_fs import FilesystemDriver

Mount = Callable[..., Path]


@pytest.fixture
def driver(tmp_path: Path) -> FilesystemDriver:
    return FilesystemDriver.from_config({"rootdirectory": str(tmp_path / "root")})


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """A function that mounts a filesystem of a given type with options; unmounted after the test."""
    if os.geteuid() != 0:
        pytest.skip("mounting a filesystem requires root: run the tests as root")
    mounted: list[Path] = []

    def mount_one(kind: str, options: str = "rw") -> Path:
        place = tmp_path / f"mount{len(mounted)}"
        place.mkdir()
        subprocess.run(["mount", "-t", kind, "-o", options, kind, str(place)], check=True)
        mounted.append(place)
        return place

    yield mount_one
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)
