"""A driver wrapper that counts calls, and can remove everything that was written through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Self

from entrepot_contract import (
    AlreadyExists,
    Chunks,
    Health,
    ObjectInfo,
    Prefix,
    Reader,
    SignedMethod,
    StorageDriver,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.forwarding import ForwardingDriver

__all__ = ["CountedDriver"]


class CountedDriver(ForwardingDriver):
    """Delegates every call; ``calls`` counts them by verb, ``bytes_out`` counts the bytes read."""

    name = "counted"

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self._lock = Lock()
        self._written: set[str] = set()
        self._uploads: dict[str, UploadState] = {}
        self.calls: Counter[str] = Counter()
        self.bytes_out = 0

    def reset(self) -> None:
        """Reset the counters."""
        with self._lock:
            self.calls.clear()
            self.bytes_out = 0

    def add_bytes(self, size: int) -> None:
        """Count bytes returned by a reader."""
        with self._lock:
            self.bytes_out += size

    def remove(self) -> None:
        """Delete every object written through this wrapper and abort every unfinished upload.

        Raises the driver's errors, after everything has been tried.
        """
        failed: Exception | None = None
        for state in list(self._uploads.values()):
            try:
                self.upload_abort(state)
            except Exception as error:  # noqa: BLE001 - the rest must be removed in any case
                failed = error
        self.delete(sorted(self._written))
        if failed is not None:
            raise failed

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self._count("put")
        ours = key in self._written
        self._written.add(key)
        try:
            return self.inner.put(key, data, mode=mode, durable=durable)
        except AlreadyExists:
            if not ours:
                self._written.discard(key)
            raise

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        self._count("read")
        return _CountedReader(self.inner.read(key, offset=offset, length=length), self)

    def stat(self, key: str) -> ObjectInfo:
        self._count("stat")
        return self.inner.stat(key)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        self._count("list_objects")
        return self.inner.list_objects(prefix, start_after=start_after, shallow=shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        self._count("move")
        self._written.add(target)
        info = self.inner.move(source, target)
        self._written.discard(source)
        return info

    def delete(self, keys: Iterable[str]) -> None:
        self._count("delete")
        doomed = list(keys)
        self.inner.delete(doomed)
        self._written.difference_update(doomed)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        self._count("delete_unchanged")
        return self.inner.delete_unchanged(info)

    def upload_start(self, key: str) -> UploadState:
        self._count("upload_start")
        return self._track(self.inner.upload_start(key))

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        self._count("upload_append")
        return self._track(self.inner.upload_append(state, data))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self._count("upload_commit")
        self._written.add(state.key if target is None else target)
        info = self.inner.upload_commit(state, target=target)
        self._uploads.pop(state.key, None)
        return info

    def upload_abort(self, state: UploadState) -> None:
        self._count("upload_abort")
        self.inner.upload_abort(state)
        self._uploads.pop(state.key, None)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        self._count("sign_url")
        return self.inner.sign_url(key, method, expires)

    def health(self) -> Health:
        self._count("health")
        return self.inner.health()

    def close(self) -> None:
        self._count("close")
        self.inner.close()

    def _count(self, verb: str) -> None:
        with self._lock:
            self.calls[verb] += 1

    def _track(self, state: UploadState) -> UploadState:
        # The host gives each upload a unique key.
        self._uploads[state.key] = state
        return state


class _CountedReader:
    """Counts every chunk before it is passed on."""

    def __init__(self, reader: Reader, counted: CountedDriver) -> None:
        self.info = reader.info
        self._reader = reader
        self._counted = counted

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._reader:
            self._counted.add_bytes(len(chunk))
            yield chunk

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
