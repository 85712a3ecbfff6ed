"""The driver."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from threading import Thread
from typing import Final

from entrepot_contract import (
    AlreadyExists,
    Capabilities,
    Chunks,
    DeleteFailed,
    DriverOptions,
    Health,
    IntegrityError,
    InvalidKey,
    ObjectInfo,
    Prefix,
    RangeError,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unavailable,
    Unsupported,
    UploadState,
    WriteMode,
)
from entrepot_contract.reading import BodyReader
from entrepot_storage_fsspec.failures import NAME, Reporting, failure
from entrepot_storage_fsspec.options import FsspecOptions
from entrepot_storage_fsspec.store import CHUNK, HARMLESS, Store
from entrepot_storage_fsspec.uploads import Uploads

HEALTH_PATIENCE: Final = 1.5


class FsspecDriver(StorageDriver):
    """Objects as files of any filesystem of fsspec: a key is a path below ``rootdirectory``."""

    name = NAME
    contract = (1, 0)
    Options = FsspecOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, FsspecOptions):
            raise TypeError(f"FsspecDriver takes FsspecOptions, not {type(options).__name__}")
        self._options = options
        self._store = Store(options)
        self._uploads = Uploads(self._store)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            create=self._options.creates,
            shared=self._options.protocol != "memory",
            durable=False,
            move="rename" if self._store.tree else "copy",
        )

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE) -> ObjectInfo:
        create = mode is WriteMode.CREATE
        if create and not self._options.creates:
            raise failure(
                Unsupported, "put", key, "no atomic creation is known of this filesystem; see option 'create'"
            )
        with Reporting("put", key), self._store.borrowed() as fs:
            try:
                size, modified = self._store.put(fs, self._store.path(key), data, create=create)
            except FileExistsError as error:
                if create:
                    raise failure(AlreadyExists, "put", key, "the key has an object") from error
                raise
        if size != len(data):
            raise failure(IntegrityError, "put", key, f"{size} of {len(data)} bytes were written; put again")
        return ObjectInfo(key, size, modified, None)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> BodyReader:
        report = Reporting("read", key)
        with report:
            fs = self._store.take()
            try:
                path = self._store.path(key)
                modified = self._store.info(fs, path)[1]
                info = fs.info(path)
                handle = self._store.open(fs, path)
                handle.seek(0, 2)
                size = handle.tell()  # of what is open: the object may have been replaced since
                handle.seek(min(offset, size))
            except BaseException as error:
                self._store.give(fs, whole=isinstance(error, HARMLESS))
                raise
        if offset > size:
            handle.close()
            self._store.give(fs, whole=True)
            raise failure(RangeError, "read", key, f"offset {offset} lies past the {size} bytes of the object")
        end = size if length is None else min(size, offset + length)
        whole = True

        def chunks() -> Iterator[bytes]:
            left = end - offset
            while left > 0 and (piece := handle.read(min(left, CHUNK))):
                left -= len(piece)
                # A name that is written again may be read half before and half after it.
                if not left and not self._store.keeps(handle) and fs.info(path) != info:
                    raise failure(Unavailable, "read", key, "the object was replaced while it was read; read again")
                yield bytes(piece)

        def failed(error: Exception) -> StorageError:
            nonlocal whole
            whole = False
            return report.meaning(error)

        def close() -> None:
            try:
                with report:
                    handle.close()
            finally:
                self._store.give(fs, whole=whole)

        info_of_all = ObjectInfo(key, size, modified, None)
        return BodyReader(info_of_all, chunks(), end - offset, driver=NAME, close=close, failed=failed)

    def stat(self, key: str) -> ObjectInfo:
        with Reporting("stat", key), self._store.borrowed() as fs:
            return ObjectInfo(key, *self._store.info(fs, self._store.path(key)), None)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        with Reporting("list_objects", prefix or None):
            children = sorted(self._store.children(self._store.path(prefix)), key=lambda child: child[0])
        for name, size, modified in children:
            key = f"{prefix}{name}"
            if modified is not None:
                if key > start_after:
                    yield ObjectInfo(key, size, modified, None)
            elif not shallow:
                if key > start_after or start_after.startswith(key):
                    yield from self.list_objects(key, start_after=start_after)
            elif key > start_after and any(True for _ in self.list_objects(key)):
                yield Prefix(key)

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            raise failure(InvalidKey, "move", source, "cannot be moved onto itself")
        with Reporting("move", source), self._store.borrowed() as fs:
            path = self._store.path(source)
            size, modified = self._store.info(fs, path)
            self._store.publish(fs, path, self._store.path(target))
            self._store.prune(fs, path)
            if not self._store.tree:
                size, modified = self._store.info(fs, self._store.path(target))
            return ObjectInfo(target, size, modified, None)

    def delete(self, keys: Iterable[str]) -> None:
        failed: dict[str, StorageError] = {}
        for key in keys:
            try:
                with Reporting("delete", key), self._store.borrowed() as fs:
                    self._store.remove(fs, self._store.path(key))
            except StorageError as error:
                failed[key] = error
        if failed:
            message = f"{len(failed)} keys are still there: {next(iter(failed.values())).message}"
            raise DeleteFailed(message, driver=NAME, operation="delete", failed=failed)

    def upload_start(self, key: str) -> UploadState:
        return self._uploads.start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return self._uploads.append(state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._uploads.commit(state, state.key if target is None else target)

    def upload_abort(self, state: UploadState) -> None:
        self._uploads.abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise failure(Unsupported, "sign_url", key, f"{method} URLs cannot be signed: fsspec promises none that end")

    def health(self) -> Health:
        start = time.perf_counter()
        said: list[str] = ["the filesystem did not answer in time"]
        # In a thread, for fsspec knows no timeouts.
        check = Thread(target=self._check, args=[said], name="fsspec-health", daemon=True)
        check.start()
        check.join(HEALTH_PATIENCE)
        return Health(not said, timedelta(seconds=time.perf_counter() - start), said[0] if said else "it answers")

    def close(self) -> None:
        self._store.close()

    def _check(self, said: list[str]) -> None:
        try:
            with Reporting("health"), self._store.borrowed() as fs:
                self._store.kind(fs, self._store.path(""))
        except StorageError as error:
            said[:] = [error.message]
        else:
            said.clear()
