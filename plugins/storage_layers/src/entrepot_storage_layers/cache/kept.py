"""The copies in the fast driver: limited in size, with LRU eviction; errors of the fast driver are handled here."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from types import TracebackType
from typing import Final

from entrepot_contract import NotFound, ObjectInfo, Reader, StorageDriver, StorageError, UploadState

__all__ = ["Kept"]

_log = logging.getLogger("entrepot.storage.cache")

RELOAD: Final = 16
"""After adding a sixteenth of the size, the fast driver is listed again, because other processes use it as well."""


class Kept:
    """The copies in the fast driver, in the order of their last use by this process."""

    def __init__(self, fast: StorageDriver, size: int) -> None:
        self._fast = fast
        self._size = size
        self._lock = Lock()
        self._used: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        self._until_reload = 0
        # Only one of several concurrent readers creates the copy: unfinished copies do not count towards the limit.
        self._filling: set[str] = set()
        # Copies that could not be deleted, which this process never serves again.
        self._doomed: set[str] = set()

    def read(self, key: str, offset: int, length: int | None) -> Reader | None:
        """Return a reader of the copy, or None if there is no usable copy."""
        if key in self._doomed:
            return None
        with _Logged("read", key):
            try:
                reader = self._fast.read(key, offset=offset, length=length)
            except NotFound:
                return None
            with self._lock:
                if key in self._used:
                    self._used.move_to_end(key)
            return reader
        return None

    def takes(self, size: int) -> bool:
        """Return whether an object of this size can be cached."""
        return size <= self._size

    def start(self, key: str) -> UploadState | None:
        """Start an upload of a copy; return None if another is running or the fast driver fails."""
        with self._lock:
            if key in self._filling:
                return None
            self._filling.add(key)
        with _Logged("upload_start", key):
            return self._fast.upload_start(key)
        self._filling.discard(key)
        return None

    def append(self, state: UploadState, data: bytes) -> UploadState | None:
        """Append to a copy; return the next state, or None if the fast driver fails."""
        with _Logged("upload_append", state.key):
            return self._fast.upload_append(state, [data])
        self.abort(state)
        return None

    def abort(self, state: UploadState) -> None:
        """Abort the upload of a copy."""
        self._filling.discard(state.key)
        with _Logged("upload_abort", state.key):
            self._fast.upload_abort(state)

    def commit(self, state: UploadState) -> None:
        """Commit a verified copy, and evict others if necessary."""
        with _Logged("upload_commit", state.key):
            self._fast.upload_commit(state)
            self._doomed.discard(state.key)
            self._make_room(state.key, state.size)
        self._filling.discard(state.key)

    def drop(self, keys: Iterable[str]) -> None:
        """Delete copies; those that cannot be deleted are no longer served."""
        doomed = list(keys)
        if not doomed:
            return
        self._doomed.update(doomed)
        with _Logged("delete", doomed[0]):
            self._fast.delete(doomed)
            self._doomed.difference_update(doomed)
        with self._lock:
            for key in doomed:
                self._total -= self._used.pop(key, 0)

    def _make_room(self, key: str, size: int) -> None:
        with self._lock:
            if self._until_reload <= 0:
                self._reload()
            self._until_reload -= size
            self._total += size - self._used.pop(key, 0)
            self._used[key] = size
            evicted = []
            while self._total > self._size:
                oldest, freed = self._used.popitem(last=False)
                self._total -= freed
                evicted.append(oldest)
        if evicted:
            self._fast.delete(evicted)

    def _reload(self) -> None:
        found = [item for item in self._fast.list_objects() if isinstance(item, ObjectInfo)]
        known = {key: number for number, key in enumerate(self._used)}
        # Copies used by this process come last, in order of use; the others are sorted by time of writing.
        found.sort(key=lambda item: (known.get(item.key, -1), item.modified))
        self._used = OrderedDict((item.key, item.size) for item in found)
        self._total = sum(self._used.values())
        self._until_reload = self._size // RELOAD


class _Logged:
    """Context manager that logs and suppresses errors of the fast driver, because the slow one has all objects."""

    def __init__(self, operation: str, key: str) -> None:
        self._operation, self._key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, StorageError):
            return False
        message = "cache: fast driver failed, using slow driver operation=%s key=%s: %s"
        _log.warning(message, self._operation, self._key, error)
        return True
