"""The filesystem storage driver."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta

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
    Reader,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unsupported,
    UploadState,
    WriteMode,
)
from entrepot_storage_fs.failures import NAME, Reporting, failure
from entrepot_storage_fs.listing import Listing
from entrepot_storage_fs.options import FilesystemOptions
from entrepot_storage_fs.reading import open_reader
from entrepot_storage_fs.remembered import SmallFiles
from entrepot_storage_fs.tree import Tree, info_of, seal
from entrepot_storage_fs.uploads import Uploads
from entrepot_storage_fs.working import UPLOAD_TTL, WorkingDirectory
from entrepot_storage_fs.writing import extend


class FilesystemDriver(StorageDriver):
    """Objects as files: a key is a path below ``rootdirectory``."""

    name = NAME
    contract = (1, 1)
    Options = FilesystemOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, FilesystemOptions):
            raise TypeError(f"FilesystemDriver takes FilesystemOptions, not {type(options).__name__}")
        self._tree = Tree(os.path.abspath(options.rootdirectory))
        self._working = WorkingDirectory(self._tree)
        self._uploads = Uploads(self._tree, self._working)
        self._listing = Listing(self._tree)
        self._small = SmallFiles()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(create=True, shared=True, durable=True, move="rename", upload_ttl=UPLOAD_TTL)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        report = Reporting("put", key)
        with report:
            target = self._tree.path(key)
            staged = self._working.staged()
            fd = self._working.create(staged)
            try:
                try:
                    extend(fd, 0, (data,), report)
                    status = seal(fd, durable=durable)
                finally:
                    os.close(fd)
                self._tree.publish(staged, target, create=mode is WriteMode.CREATE, durable=durable)
            except FileExistsError as error:
                if os.path.isdir(target):
                    raise failure(InvalidKey, "put", key, "there are objects below this key") from error
                raise failure(AlreadyExists, "put", key, "the key already exists") from error
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(staged)
            return info_of(key, status)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        # Without Reporting as a context manager: links are read thousands of times a second.
        try:
            path = self._tree.path(key)
            if length is None and not offset:
                return self._small.read(path, key)
            return open_reader(path, key, offset, length)
        except StorageError:
            raise
        except (FileNotFoundError, NotADirectoryError) as error:
            raise failure(NotFound, "read", key, "no such object") from error
        except OSError as error:
            raise Reporting("read", key).meaning(error) from error

    def stat(self, key: str) -> ObjectInfo:
        with Reporting("stat", key):
            return self._info(key, "stat")

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        return self._listing.objects(prefix, start_after, shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            raise failure(InvalidKey, "move", source, "cannot be moved onto itself")
        with Reporting("move", source):
            info = self._info(source, "move")
            path = self._tree.path(source)
            try:
                self._tree.publish(path, self._tree.path(target))
            except FileNotFoundError as error:
                raise failure(NotFound, "move", source, "no such object") from error
            self._tree.sync_removed((self._tree.prune(os.path.dirname(path)),))
            return ObjectInfo(target, info.size, info.modified, info.etag)

    def delete(self, keys: Iterable[str]) -> None:
        # One fsync for all names removed from a directory: a tag has several files below its directory.
        changed: dict[str, None] = {}
        try:
            Reporting.delete(keys, lambda key: changed.update(dict.fromkeys(self._delete(key))))
        finally:
            with Reporting("delete"):
                self._tree.sync_removed(changed)

    def upload_start(self, key: str) -> UploadState:
        return self._uploads.start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return self._uploads.append(state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._uploads.commit(state, state.key if target is None else target)

    def upload_abort(self, state: UploadState) -> None:
        self._uploads.abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise failure(Unsupported, "sign_url", key, f"{method} URLs cannot be signed: a filesystem has no URL")

    def health(self) -> Health:
        start = time.perf_counter()
        ok, detail = True, "the root directory is accessible"
        try:
            with Reporting("health"):
                self._tree.check()
                if not os.path.isdir(self._tree.root):
                    detail = "the root directory does not exist yet; the first write creates it"
                if not self._tree.is_writable():
                    ok, detail = (
                        False,
                        f"{self._tree.root} is not writable; grant the server's user write permission",
                    )
        except StorageError as error:
            ok, detail = False, error.message
        return Health(ok, timedelta(seconds=time.perf_counter() - start), detail)

    def close(self) -> None:
        """Do nothing: no resources are held between calls."""

    def _info(self, key: str, operation: str) -> ObjectInfo:
        try:
            status = os.stat(self._tree.path(key))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise failure(NotFound, operation, key, "no such object") from error
        if not stat.S_ISREG(status.st_mode):
            raise failure(NotFound, operation, key, "no such object, only objects below it")
        return info_of(key, status)

    def _delete(self, key: str) -> Iterable[str]:
        """Remove an object, if it exists, and return the directories from which a name was removed."""
        path = self._tree.path(key)
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return ()
        return (self._tree.prune(os.path.dirname(path)),)
