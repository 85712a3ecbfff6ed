"""A driver that counts the calls that it passes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from threading import Lock

from entrepot_contract import (
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

__all__ = ["CountingDriver"]


class CountingDriver(ForwardingDriver):
    """Passes on every call, and counts it in ``calls`` by the name of the operation."""

    name = "counting"

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.wrapped = wrapped
        self.calls: Counter[str] = Counter()
        self._lock = Lock()

    @property
    def total(self) -> int:
        """Returns the total number of calls."""
        return self.calls.total()

    def reset(self) -> None:
        """Reset the counts."""
        with self._lock:
            self.calls.clear()

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self._count("put")
        return self.wrapped.put(key, data, mode=mode, durable=durable)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        self._count("read")
        return self.wrapped.read(key, offset=offset, length=length)

    def stat(self, key: str) -> ObjectInfo:
        self._count("stat")
        return self.wrapped.stat(key)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        self._count("list_objects")
        return self.wrapped.list_objects(prefix, start_after=start_after, shallow=shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        self._count("move")
        return self.wrapped.move(source, target)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        self._count("delete_unchanged")
        return self.wrapped.delete_unchanged(info)

    def delete(self, keys: Iterable[str]) -> None:
        self._count("delete")
        self.wrapped.delete(keys)

    def upload_start(self, key: str) -> UploadState:
        self._count("upload_start")
        return self.wrapped.upload_start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        self._count("upload_append")
        return self.wrapped.upload_append(state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self._count("upload_commit")
        return self.wrapped.upload_commit(state, target=target)

    def upload_abort(self, state: UploadState) -> None:
        self._count("upload_abort")
        self.wrapped.upload_abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        self._count("sign_url")
        return self.wrapped.sign_url(key, method, expires)

    def health(self) -> Health:
        self._count("health")
        return self.wrapped.health()

    def close(self) -> None:
        self._count("close")
        self.wrapped.close()

    def _count(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1
