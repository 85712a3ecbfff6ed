"""What the fast driver keeps: bounded in bytes, the longest unused goes first, and no fault of it leaves this file."""

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
"""After a sixteenth of the size was filled, the fast driver is listed again: other processes fill and evict too."""


class Kept:
    """The copies in the fast driver, in the order of their last use by this process."""

    def __init__(self, fast: StorageDriver, size: int) -> None:
        self._fast = fast
        self._size = size
        self._lock = Lock()
        self._used: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        self._until_reload = 0
        # Of readers at the same time one makes the copy: unfinished ones are not in the bound.
        self._filling: set[str] = set()
        # Copies that could not be deleted are never served again by this process.
        self._doomed: set[str] = set()

    def read(self, key: str, offset: int, length: int | None) -> Reader | None:
        """A reader of the copy, or None if there is none that can be used."""
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
        """Whether an object of a size may be kept."""
        return size <= self._size

    def start(self, key: str) -> UploadState | None:
        """An upload of a copy, or None if another is being made or the fast driver does not take it."""
        with self._lock:
            if key in self._filling:
                return None
            self._filling.add(key)
        with _Logged("upload_start", key):
            return self._fast.upload_start(key)
        self._filling.discard(key)
        return None

    def append(self, state: UploadState, data: bytes) -> UploadState | None:
        """The next state of a copy, or None if the fast driver did not take the bytes."""
        with _Logged("upload_append", state.key):
            return self._fast.upload_append(state, [data])
        self.abort(state)
        return None

    def abort(self, state: UploadState) -> None:
        """Drop an upload of a copy."""
        self._filling.discard(state.key)
        with _Logged("upload_abort", state.key):
            self._fast.upload_abort(state)

    def commit(self, state: UploadState) -> None:
        """Keep a copy, whose bytes are verified, and evict others for it."""
        with _Logged("upload_commit", state.key):
            self._fast.upload_commit(state)
            self._doomed.discard(state.key)
            self._make_room(state.key, state.size)
        self._filling.discard(state.key)

    def drop(self, keys: Iterable[str]) -> None:
        """Delete copies; one that stays although it should go is not served any more."""
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
        # What this process has used comes last, in its order; of the others, what was written last.
        found.sort(key=lambda item: (known.get(item.key, -1), item.modified))
        self._used = OrderedDict((item.key, item.size) for item in found)
        self._total = sum(self._used.values())
        self._until_reload = self._size // RELOAD


class _Logged:
    """Logs a fault of the fast driver inside a ``with`` and goes on: the slow one has everything."""

    def __init__(self, operation: str, key: str) -> None:
        self._operation, self._key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, StorageError):
            return False
        message = "the cache's fast driver failed, and the slow one answers: %s of %s: %s"
        _log.warning(message, self._operation, self._key, error)
        return True
