"""A filesystem of fsspec, the connections to it, and the steps that its promises allow."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from secrets import token_hex
from typing import IO, Any, Final

import fsspec  # type: ignore[import-untyped]  # fsspec ships no types
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # the same

from entrepot_contract import ConfigError, is_key
from entrepot_storage_fsspec.failures import NAME
from entrepot_storage_fsspec.options import FsspecOptions

FileSystem = Any  # fsspec.AbstractFileSystem, whose classes differ in what they have
CHUNK: Final = 2**20
TRIES: Final = 50
_TIMES: Final = ("mtime", "modified", "LastModified", "last_modified", "updated", "created")
# After these a connection is as good as before; one that has failed in any other way is not used again.
HARMLESS: Final = (FileNotFoundError, FileExistsError, PermissionError, NotADirectoryError, IsADirectoryError)


class Store:
    """Filesystem objects that one call at a time uses, as most are not safe for threads, and what is done on them."""

    def __init__(self, options: FsspecOptions) -> None:
        self._options, self.tree, self.root = options, options.tree, options.rootdirectory.rstrip("/")
        self._idle: list[FileSystem] = []
        self._pid = os.getpid()
        try:
            kind = fsspec.get_filesystem_class(options.protocol)
        except (ValueError, ImportError) as error:
            message = f"option 'protocol': fsspec has no {options.protocol!r}, or its package is not installed"
            raise ConfigError(message, driver=NAME, operation="configure") from error
        if self.tree and kind.mv is fsspec.AbstractFileSystem.mv:
            message = (
                f"option 'replace': mv of {options.protocol!r} copies and deletes, and replaces nothing in one step"
            )
            raise ConfigError(message, driver=NAME, operation="configure")

    @contextmanager
    def borrowed(self) -> Iterator[FileSystem]:
        fs = self.take()
        try:
            yield fs
        except BaseException as error:
            self.give(fs, whole=isinstance(error, HARMLESS))
            raise
        self.give(fs, whole=True)

    def take(self) -> FileSystem:
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()  # connections do not outlive a fork
        with suppress(IndexError):
            return self._idle.pop()
        options = self._options.storage_options.get_secret_value()
        fs = fsspec.filesystem(self._options.protocol, skip_instance_cache=True, **options)
        fs.dircache.use_listings_cache = False  # not every class takes it as an argument
        if ftp := getattr(fs, "ftp", None) if hasattr(fs, "client") else None:
            ftp.get_channel().settimeout(self._options.timeout)
        return fs

    def give(self, fs: FileSystem, *, whole: bool) -> None:
        if whole:
            self._idle.append(fs)
        elif close := getattr(getattr(fs, "client", None), "close", None):
            close()

    def close(self) -> None:
        while self._idle:
            self.give(self._idle.pop(), whole=False)

    def path(self, key: str) -> str:
        return f"{self.root}/{key}".rstrip("/") or "/"

    def info(self, fs: FileSystem, path: str) -> tuple[int, datetime]:
        """The size and time of a file; FileNotFoundError for anything else."""
        try:
            found = fs.info(path)
        except KeyError:
            found = fs.info(path)  # memory, while the file went: the second time it is gone
        except NotADirectoryError as error:
            raise FileNotFoundError(errno.ENOENT, "below a file") from error
        if found["type"] != "file":
            raise FileNotFoundError(errno.ENOENT, "no file")
        return int(found["size"]), self.modified(fs, found)

    def kind(self, fs: FileSystem, path: str) -> str | None:
        """What a path is, None where it is nothing; fsspec's own ``exists`` takes every failure for nothing."""
        try:
            return str(fs.info(path)["type"])
        except (FileNotFoundError, NotADirectoryError, KeyError):
            return None

    def modified(self, fs: FileSystem, found: Mapping[str, Any]) -> datetime:
        time = next((found[name] for name in _TIMES if found.get(name)), None) or fs.modified(found["name"])
        if isinstance(time, int | float):
            return datetime.fromtimestamp(time, UTC)
        time = datetime.fromisoformat(time) if isinstance(time, str) else time
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)

    def children(self, path: str) -> list[tuple[str, int, datetime | None]]:
        """Name, size and time of what can be a key in a directory; a directory ends with a slash and has no time."""
        with self.borrowed() as fs:
            for _ in range(TRIES):
                try:
                    listed = [(each["name"].rstrip("/"), each) for each in fs.ls(path, detail=True)]
                except (OSError, KeyError) as error:
                    if isinstance(error, HARMLESS) and self.kind(fs, path) != "directory":
                        return []
                    if not isinstance(error, FileNotFoundError | KeyError):
                        raise
                else:
                    inside = [(name.rpartition("/")[2], each) for name, each in listed if name != path]
                    return [
                        (f"{name}/", 0, None)
                        if each["type"] == "directory"
                        else (name, each["size"], self.modified(fs, each))
                        for name, each in inside
                        if is_key(name)
                    ]
            raise TimeoutError("the directory changes faster than it can be listed")

    def open(self, fs: FileSystem, path: str) -> IO[bytes]:
        try:
            handle = fs.open(path, "rb")
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise FileNotFoundError(errno.ENOENT, "no file") from error
        # A file in memory is one object, with one position for all that read it.
        return BytesIO(handle.getvalue()) if isinstance(handle, BytesIO) else handle

    def keeps(self, handle: IO[bytes]) -> bool:
        """Whether what is open stays as it is when another file gets its name."""
        return self.tree or isinstance(handle, BytesIO)

    def write(self, fs: FileSystem, path: str, data: bytes) -> None:
        self._made(fs, path, lambda: fs.pipe_file(path, data))

    def rename(self, fs: FileSystem, source: str, target: str) -> None:
        # Where os.rename fails, mv of local files copies, and readers see half of it.
        os.replace(source, target) if isinstance(fs, LocalFileSystem) else fs.mv(source, target)

    def publish(self, fs: FileSystem, source: str, target: str) -> None:
        """Give a file another name; what has the name is replaced in one step."""
        if self.tree:
            self._made(fs, target, lambda: self.rename(fs, source, target), source)
        else:
            fs.cp_file(source, target)
            fs.rm_file(source)

    def put(self, fs: FileSystem, target: str, data: bytes, *, create: bool) -> tuple[int, datetime]:
        """Write a whole file in one step; FileExistsError where it is to be new and is there."""
        if not self.tree:
            fs.pipe_file(target, data, mode="create" if create else "overwrite")
            return self.info(fs, target)
        staged = self.path(f".entrepot/staged/{token_hex(16)}")
        try:
            self.write(fs, staged, data)
            info = self.info(fs, staged)
            self._create(fs, staged, target) if create else self.publish(fs, staged, target)
        finally:
            if create:
                with suppress(FileNotFoundError):
                    fs.rm_file(staged)
        return info

    def _create(self, fs: FileSystem, source: str, target: str) -> None:
        if isinstance(fs, LocalFileSystem):
            self._made(fs, target, lambda: fs.link(source, target), source)
        else:
            try:
                # Not posix_rename: SFTP's own refuses where the target is, and OpenSSH does so by a hard link.
                self._made(fs, target, lambda: fs.ftp.rename(source, target), source)
            except OSError as error:
                if self.kind(fs, target) and self.kind(fs, source):
                    raise FileExistsError(errno.EEXIST, "the target is there") from error
                raise

    def remove(self, fs: FileSystem, path: str) -> None:
        """Remove a file, and the directories that are empty then; anything else stays."""
        with suppress(FileNotFoundError):
            self.info(fs, path)
            fs.rm_file(path)
            self.prune(fs, path)

    def prune(self, fs: FileSystem, path: str) -> None:
        with suppress(OSError):
            while self.tree and len(path := path.rpartition("/")[0]) > len(self.root):
                fs.rmdir(path)

    def _made(self, fs: FileSystem, path: str, make: Callable[[], object], source: str = "") -> None:
        """Make a file, first its directory where that is missing: another process may remove it again meanwhile."""
        for _ in range(TRIES if self.tree else 1):
            try:
                make()
            except FileNotFoundError:
                if not self.tree or (source and not self.kind(fs, source)):
                    raise
                with suppress(OSError):  # made by another at the same time, or not at all: the next try shows it
                    fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            except OSError as error:
                try:
                    fs.rmdir(path)  # an empty directory that a killed process left there
                except OSError:
                    raise error from None
            else:
                return
        raise NotADirectoryError(errno.ENOTDIR, "a file has the name of a directory that is needed")
