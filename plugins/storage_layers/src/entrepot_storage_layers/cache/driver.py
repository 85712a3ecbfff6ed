"""The cache driver."""

from __future__ import annotations

from collections.abc import Iterable

from entrepot_contract import (
    DeleteFailed,
    DriverOptions,
    Health,
    ObjectInfo,
    Reader,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.forwarding import ForwardingDriver
from entrepot_contract.toolkit.nesting import open_inner
from entrepot_contract.toolkit.stamping import Stamped, StampedReader
from entrepot_storage_layers.cache.digests import check_of
from entrepot_storage_layers.cache.kept import Kept
from entrepot_storage_layers.cache.options import CacheOptions
from entrepot_storage_layers.cache.reading import CopyReader, FillingReader

__all__ = ["CacheDriver"]


class CacheDriver(ForwardingDriver):
    """The slow driver, with verified copies of blobs in the fast one; all other requests go to the slow one."""

    name = "cache"
    Options = CacheOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, CacheOptions):
            raise TypeError(f"CacheDriver takes CacheOptions, not {type(options).__name__}")
        self._fast = open_inner(self.name, "fast", options.fast)
        self._slow = open_inner(self.name, "slow", options.slow)
        super().__init__(self._slow)
        self._kept = Kept(self._fast, options.size)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode, durable=durable)
        self._forget(key)
        return info

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        stamp = Stamped(self.name, "read", key)
        check = check_of(key)
        with stamp:
            if check is None:
                return StampedReader(self._slow.read(key, offset=offset, length=length), stamp)
            copy = self._kept.read(key, offset, length)
            if copy is not None:
                size = copy.info.size
                end = size if length is None else min(size, offset + length)
                whole = not offset and end == size
                return CopyReader(copy, self._slow, self._kept, (offset, end), check if whole else None, stamp)
            reader = self._slow.read(key, offset=offset, length=length)
            if offset or (length is not None and length < reader.info.size) or not self._kept.takes(reader.info.size):
                return StampedReader(reader, stamp)
            return FillingReader(reader, self._slow, self._kept, check, stamp)

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        self._forget(source, target)
        return info

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        stay: set[str] = set()
        try:
            super().delete(doomed)
        except DeleteFailed as error:
            stay = set(error.failed)
            raise
        finally:
            self._forget(*(key for key in doomed if key not in stay))

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        deleted = super().delete_unchanged(info)
        self._forget(info.key)
        return deleted

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        self._forget(state.key if target is None else target)
        return info

    def health(self) -> Health:
        """Return the slow driver's health; a failure of the fast one is only added to the detail."""
        slow, fast = self._slow.health(), self._fast.health()
        if fast.ok:
            return slow
        return Health(slow.ok, slow.latency, f"{slow.detail}; the fast driver is not available: {fast.detail}")

    def close(self) -> None:
        self._fast.close()
        self._slow.close()

    def _forget(self, *keys: str) -> None:
        """Remove the copies of objects that were written or deleted; a read creates them again."""
        self._kept.drop(key for key in keys if check_of(key) is not None)
