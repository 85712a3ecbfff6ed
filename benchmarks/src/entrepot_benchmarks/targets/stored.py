"""Removal of a run's data directly from the storage, with the driver."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from entrepot.plugins import load_storage
from entrepot.registry import layout
from entrepot.registry.store import Store
from entrepot.registry.upload_records import UploadRecords
from entrepot.storage.checked import CheckedDriver
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_contract import ObjectInfo, StorageDriver, StorageError

__all__ = ["StoredData"]

TREE = "docker/registry/v2"
LINK = re.compile(r"/(?:_layers|_manifests/revisions)/([a-z0-9]+)/([0-9a-f]+)/link$")


class StoredData:
    """The data of a registry in Docker Distribution's layout, accessed with a driver."""

    def __init__(self, driver: str, options: Mapping[str, object]) -> None:
        self.section: Mapping[str, object] = {driver: dict(options)}
        self._name = driver
        self._class = load_storage(driver)
        self._options = options
        self._due: dict[str, None] = {}

    @contextmanager
    def opened(self) -> Iterator[StorageDriver]:
        """Open the driver for a with block; its errors become BenchmarkErrors."""
        try:
            driver = CheckedDriver(self._class.from_config(self._options))
            try:
                yield driver
            finally:
                driver.close()
        except StorageError as error:
            raise BenchmarkError(f"storage {self._name}: {error}") from error

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Delete repositories and blobs. Missing ones are ignored.

        Failed deletions are tried again in the next call.
        """
        self._due.update(dict.fromkeys(f"{TREE}/repositories/{name}/" for name in repositories))
        self._due.update(dict.fromkeys(f"{TREE}/{_blob(digest)}/data" for digest in digests))
        self.forget_due()

    def forget_due(self) -> None:
        """Retry failed deletions."""
        due = list(self._due)
        if not due:
            return
        with self.opened() as driver:
            below = [key for prefix in due if prefix.endswith("/") for key in _below(driver, prefix)]
            driver.delete(below + [key for key in due if not key.endswith("/")])
        for key in due:
            del self._due[key]

    def forget_run(self, run: str) -> None:
        """Delete everything below ``run`` with the blobs linked there, and abort its unfinished uploads.

        After that no data of the run is left, even if clients or the host were interrupted or killed.
        """
        self.forget_due()
        with self.opened() as driver:
            links = _below(driver, f"{TREE}/repositories/{run}/")
            digests = {f"{found[1]}:{found[2]}" for found in map(LINK.search, links) if found is not None}
            driver.delete([*(f"{TREE}/{_blob(digest)}/data" for digest in sorted(digests)), *links])
            records = UploadRecords(Store(driver))
            for key in _below(driver, layout.UPLOADS):
                uuid, number = layout.record_number(key)
                record = records.read(uuid, number)
                if record is not None and record.name.startswith(f"{run}/"):
                    if record.state is not None:
                        driver.upload_abort(record.state)
                    driver.delete([key])


def _below(driver: StorageDriver, prefix: str) -> list[str]:
    return [item.key for item in driver.list_objects(prefix) if isinstance(item, ObjectInfo)]


def _blob(digest: str) -> str:
    algorithm, _, code = digest.partition(":")
    return f"blobs/{algorithm}/{code[:2]}/{code}"
