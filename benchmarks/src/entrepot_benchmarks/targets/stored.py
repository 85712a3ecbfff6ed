"""What a run leaves in a storage, found and removed by the driver, behind the registry's back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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


class StoredData:
    """The data of one registry, in Docker Distribution's layout, by a driver's name and options."""

    def __init__(self, driver: str, options: Mapping[str, object]) -> None:
        self.section: Mapping[str, object] = {driver: dict(options)}
        self._name = driver
        self._class = load_storage(driver)
        self._options = options

    @contextmanager
    def opened(self) -> Iterator[StorageDriver]:
        """The driver, for a while; what it raises becomes a BenchmarkError."""
        try:
            driver = CheckedDriver(self._class.from_config(self._options))
            try:
                yield driver
            finally:
                driver.close()
        except StorageError as error:
            raise BenchmarkError(f"the storage {self._name}: {error}") from error

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Delete repositories and blobs; what is not there is passed over."""
        with self.opened() as driver:
            keys = [key for name in repositories for key in _below(driver, f"{TREE}/repositories/{name}/")]
            driver.delete(keys + [f"{TREE}/{_blob(digest)}/data" for digest in digests])

    def forget_uploads(self, belongs: Callable[[str], bool]) -> None:
        """Abort what was begun and not ended in repositories of the run, as by a client that was killed."""
        with self.opened() as driver:
            records = UploadRecords(Store(driver))
            for key in _below(driver, layout.UPLOADS):
                uuid, number = layout.record_number(key)
                record = records.read(uuid, number)
                if record is not None and belongs(record.name):
                    if record.state is not None:
                        driver.upload_abort(record.state)
                    driver.delete([key])


def _below(driver: StorageDriver, prefix: str) -> list[str]:
    return [item.key for item in driver.list_objects(prefix) if isinstance(item, ObjectInfo)]


def _blob(digest: str) -> str:
    algorithm, _, code = digest.partition(":")
    return f"blobs/{algorithm}/{code[:2]}/{code}"
