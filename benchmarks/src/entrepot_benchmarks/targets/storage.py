"""Where a registry of the run keeps its data, and how that is taken away again behind its back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from entrepot.plugins import load_storage
from entrepot_contract import StorageDriver

__all__ = ["Files", "Objects", "Storage"]

TREE = "docker/registry/v2"


class Storage(Protocol):
    """The data of one registry."""

    @property
    def section(self) -> Mapping[str, object]:
        """The driver by its name and its options, as under ``storage`` in the configuration."""

    def forget(self, repository: str, digests: list[str]) -> None:
        """Take a repository and its blobs away."""


class Files:
    """A directory, for the filesystem driver."""

    def __init__(self, root: Path) -> None:
        self.section: Mapping[str, object] = {"filesystem": {"rootdirectory": str(root)}}
        self._tree = root / TREE

    def blob(self, digest: str) -> Path:
        """The file that holds a blob."""
        return self._tree / _blob(digest) / "data"

    def forget(self, repository: str, digests: list[str]) -> None:
        """Take a repository and its blobs off the disk."""
        for digest in digests:
            shutil.rmtree(self._tree / _blob(digest))
        shutil.rmtree(self._tree / "repositories" / repository)


class Objects:
    """What any installed driver keeps, by the options that both registries understand."""

    def __init__(self, driver: str, options: Mapping[str, object]) -> None:
        self.section: Mapping[str, object] = {driver: options}
        self._class = load_storage(driver)
        self._options = options

    def forget(self, repository: str, digests: list[str]) -> None:
        """Delete the objects of a repository and of its blobs."""
        with self._open() as driver:
            keys = [item.key for item in driver.list_objects(f"{TREE}/repositories/{repository}/")]
            driver.delete(keys + [f"{TREE}/{_blob(digest)}/data" for digest in digests])

    @contextmanager
    def _open(self) -> Iterator[StorageDriver]:
        driver = self._class.from_config(self._options)
        try:
            yield driver
        finally:
            driver.close()


def _blob(digest: str) -> str:
    algorithm, _, code = digest.partition(":")
    return f"blobs/{algorithm}/{code[:2]}/{code}"
