"""The in-memory storage driver."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count
from threading import Lock
from typing import Final, TypeVar
from uuid import uuid4

from entrepot_contract import (
    AlreadyExists,
    Capabilities,
    Chunks,
    DriverOptions,
    Health,
    InvalidKey,
    NotFound,
    ObjectInfo,
    Prefix,
    RangeError,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unsupported,
    UploadConflict,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.toolkit.tokens import Count, Id, TokenForm
from entrepot_storage_memory.content import Content, pieces_of
from entrepot_storage_memory.objects import MemoryReader, Objects

Kind = TypeVar("Kind", bound=StorageError)
TOKEN: Final = TokenForm(tuple[Id, Count, Count])
"""The upload, and the index and the number of its last append."""


class MemoryOptions(DriverOptions):
    """The driver has no options."""


class MemoryDriver(StorageDriver):
    """Objects in the memory of this process: lost when it ends, and not visible to other processes."""

    name = "inmemory"
    contract = (1, 1)
    Options = MemoryOptions

    def __init__(self, options: DriverOptions) -> None:
        self._objects = Objects()
        self._lock = Lock()
        self._ids = count(1)
        # The appends of each upload in order: a unique number, and the bytes.
        self._uploads: dict[str, list[tuple[int, list[bytes]]]] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(create=True, shared=False, durable=False, move="rename", conditional_delete=True)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.OVERWRITE:
            return self._objects.set(key, Content([bytes(data)]))
        info = self._objects.create(key, Content([bytes(data)]))
        if info is None:
            raise _error(AlreadyExists, "put", key, "the key already exists")
        return info

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> MemoryReader:
        stored = self._objects.get(key)
        if stored is None:
            raise _error(NotFound, "read", key, "no such object")
        size = stored.info.size
        if offset > size:
            raise _error(RangeError, "read", key, f"offset {offset} is past the end of the object ({size} bytes)")
        return MemoryReader(stored, offset, size if length is None else min(size, offset + length))

    def stat(self, key: str) -> ObjectInfo:
        stored = self._objects.get(key)
        if stored is None:
            raise _error(NotFound, "stat", key, "no such object")
        return stored.info

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        return self._objects.listed(prefix, start_after, shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            raise _error(InvalidKey, "move", source, "cannot be moved onto itself")
        info = self._objects.rename(source, target)
        if info is None:
            raise _error(NotFound, "move", source, "no such object")
        return info

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._objects.remove(key)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        return self._objects.remove_unchanged(info)

    def upload_start(self, key: str) -> UploadState:
        upload = uuid4().hex
        self._uploads[upload] = [(0, [])]
        return UploadState(key, 0, json.dumps([upload, 0, 0]))

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        with self._lock:
            self._received(state, "upload_append")
        more = list(pieces_of(data))
        number = next(self._ids)
        with self._lock:
            upload, last, received = self._received(state, "upload_append")
            received[last + 1 :] = [(number, more)]
        return UploadState(state.key, state.size + sum(map(len, more)), json.dumps([upload, last + 1, number]))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self._lock:
            upload, last, received = self._received(state, "upload_commit")
            del self._uploads[upload]
        pieces = [piece for _, part in received[: last + 1] for piece in part]
        return self._objects.set(state.key if target is None else target, Content(pieces))

    def upload_abort(self, state: UploadState) -> None:
        token = TOKEN.read(state)
        with self._lock:
            self._uploads.pop(token[0] if token else "", None)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise _error(Unsupported, "sign_url", key, f"{method} URLs cannot be signed: memory has no URL")

    def health(self) -> Health:
        return Health(ok=True, latency=timedelta(0), detail="in memory")

    def close(self) -> None:
        """Do nothing."""

    def _received(self, state: UploadState, operation: str) -> tuple[str, int, list[tuple[int, list[bytes]]]]:
        """Return the upload, the index of the state's append, and all appends; the caller must hold the lock."""
        upload, last, number = TOKEN.read(state) or ("", 0, 0)
        received = self._uploads.get(upload)
        if received is None:
            raise _error(UploadUnknown, operation, state.key, "the upload was committed, was aborted or never existed")
        if last >= len(received) or received[last][0] != number:
            raise _error(UploadConflict, operation, state.key, "another append was made from an earlier state")
        return upload, last, received


def _error(kind: type[Kind], operation: str, key: str, message: str) -> Kind:
    return kind(message, driver=MemoryDriver.name, operation=operation, key=key)
