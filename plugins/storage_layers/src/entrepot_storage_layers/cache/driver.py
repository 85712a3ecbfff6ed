"""The cache driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from entrepot_contract import (
    Capabilities,
    Chunks,
    DeleteFailed,
    DriverOptions,
    Health,
    ObjectInfo,
    Prefix,
    Reader,
    SignedMethod,
    StorageDriver,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.nesting import open_inner
from entrepot_storage_layers.cache.digests import check_of
from entrepot_storage_layers.cache.kept import Kept
from entrepot_storage_layers.cache.options import CacheOptions
from entrepot_storage_layers.cache.reading import CopyReader, FillingReader
from entrepot_storage_layers.stamping import Body, Stamped, StampedReader, stamped_append, stamped_listing

__all__ = ["CacheDriver"]


class CacheDriver(StorageDriver):
    """The slow driver, with verified copies of blobs in the fast one; all other requests go to the slow one."""

    name = "cache"
    contract = (1, 0)
    Options = CacheOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, CacheOptions):
            raise TypeError(f"CacheDriver takes CacheOptions, not {type(options).__name__}")
        self._fast = open_inner(self.name, "fast", options.fast)
        self._slow = open_inner(self.name, "slow", options.slow)
        self._kept = Kept(self._fast, options.size)

    @property
    def capabilities(self) -> Capabilities:
        return self._slow.capabilities

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE) -> ObjectInfo:
        with Stamped(self.name, "put", key):
            info = self._slow.put(key, data, mode=mode)
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

    def stat(self, key: str) -> ObjectInfo:
        with Stamped(self.name, "stat", key):
            return self._slow.stat(key)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        stamp = Stamped(self.name, "list_objects", prefix or None)
        with stamp:
            items = self._slow.list_objects(prefix, start_after=start_after, shallow=shallow)
        return stamped_listing(items, stamp)

    def move(self, source: str, target: str) -> ObjectInfo:
        with Stamped(self.name, "move", source):
            info = self._slow.move(source, target)
        self._forget(source, target)
        return info

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        stay: set[str] = set()
        try:
            with Stamped(self.name, "delete"):
                self._slow.delete(doomed)
        except DeleteFailed as error:
            stay = set(error.failed)
            raise
        finally:
            self._forget(*(key for key in doomed if key not in stay))

    def upload_start(self, key: str) -> UploadState:
        with Stamped(self.name, "upload_start", key):
            return self._slow.upload_start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        body = Body(data)
        with stamped_append(body, Stamped(self.name, "upload_append", state.key)):
            return self._slow.upload_append(state, body)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        key = state.key if target is None else target
        with Stamped(self.name, "upload_commit", key):
            info = self._slow.upload_commit(state, target=target)
        self._forget(key)
        return info

    def upload_abort(self, state: UploadState) -> None:
        with Stamped(self.name, "upload_abort", state.key):
            self._slow.upload_abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        with Stamped(self.name, "sign_url", key):
            return self._slow.sign_url(key, method, expires)

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
