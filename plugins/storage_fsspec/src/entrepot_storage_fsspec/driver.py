"""The fsspec storage driver: a file is written under a random name, and then renamed to the path of its key.

An upload is a directory with a file for each append, a file ``head`` that lists the valid ones, and a file ``open``,
which exists as long as the upload. A state is valid if ``head`` begins with its list. A commit removes ``open``, which
only one process can do.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from secrets import token_hex
from threading import RLock
from typing import Any, Final, Literal

import fsspec  # type: ignore[import-untyped]  # fsspec ships no types
from pydantic import Field, Secret

from entrepot_contract import Chunks, DriverOptions, SignedMethod, StorageDriver, UploadState, errors, is_key
from entrepot_contract.capabilities import Capabilities
from entrepot_contract.toolkit import oserrors
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_contract.toolkit.tokens import Count, TokenForm
from entrepot_contract.types import Health, ObjectInfo, Prefix, WriteMode

FileSystem = Any  # fsspec.AbstractFileSystem, which has no types
Listing = Iterator[ObjectInfo | Prefix]
CHUNK: Final = 2**20
KNOWN: Final = ("file", "local", "memory", "sftp", "ssh")
# One lock for all drivers: there is one memory filesystem per process, and its methods are not atomic.
_MEMORY: Final = RLock()
TOKEN: Final = TokenForm(tuple[str, tuple[tuple[str, Count], ...]])


class FsspecOptions(DriverOptions):
    """The filesystem and the directory on it; ``timeout`` is in seconds, ``storage_options`` may contain secrets."""

    protocol: str
    rootdirectory: str = Field(pattern=r"^/[^*?\[]*$")  # characters that fsspec interprets as a pattern
    storage_options: Secret[dict[str, object]] = Secret({})
    replace: Literal["rename"] | None = None
    timeout: float = Field(30, gt=0)


class Reporting(oserrors.Reporting):
    """Translates all exceptions of fsspec; their messages may contain secrets, and are not shown."""

    driver, caught, missing = "fsspec", Exception, oserrors.LOOKED_FOR
    refused = frozenset({"AuthenticationException", "BadHostKeyException"})  # of paramiko
    advice = "; check it, and the options 'protocol' and 'storage_options'"

    def meaning(self, error: Exception) -> errors.StorageError:
        # paramiko also raises AuthenticationException if the connection breaks, or nobody answers, before the login.
        if str(error).endswith((" saw EOF", "timeout.")):
            error = ConnectionError(type(error).__name__)
        return super().meaning(error)


class FsspecDriver(StorageDriver):
    """Objects as files of any filesystem of fsspec: a key is a path below ``rootdirectory``."""

    name, contract, Options = Reporting.driver, (1, 1), FsspecOptions

    def __init__(self, options: FsspecOptions) -> None:
        self._options, self._root = options, options.rootdirectory.rstrip("/")
        self._ram, self._sftp = options.protocol == "memory", options.protocol in {"sftp", "ssh"}
        self._idle: list[FileSystem] = []
        with Reporting("configure") as report:
            kind = fsspec.get_filesystem_class(options.protocol)
        if options.protocol not in KNOWN and (kind.mv is fsspec.AbstractFileSystem.mv or not options.replace):
            raise report.failure(
                errors.ConfigError, "option 'replace': set it to 'rename' if mv replaces files atomically"
            )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(create=False, shared=not self._ram, durable=False, move="copy" if self._ram else "rename")

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        report, staged = Reporting("put", key), f"{self._root}/.entrepot/staged/{token_hex(16)}"
        if mode is WriteMode.CREATE:
            raise report.failure(errors.Unsupported, "fsspec does not support exclusive creation of files")
        with report, self._borrowed() as fs, self._new(fs, staged, (data,)) as info:
            self._publish(fs, staged, f"{self._root}/{key}")
        return ObjectInfo(key, *info, None)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> BodyReader:
        with ExitStack() as stack:
            report = stack.enter_context(Reporting("read", key))
            fs = stack.enter_context(self._borrowed())
            written = self._info(fs, f"{self._root}/{key}")[1]
            handle = stack.enter_context(fs.open(f"{self._root}/{key}", "rb"))
            # The size of the open file: the path may already be another file.
            size = handle.stat().st_size if self._sftp else handle.size
            if offset > size:
                raise report.failure(errors.RangeError, f"offset {offset} is past the end of the object ({size} bytes)")
            if self._ram:  # where all readers of a file share one position
                copied = BytesIO(handle.getvalue())
                stack.close()
                handle = stack.enter_context(copied)
            handle.seek(offset)
            held = stack.pop_all()
        end = size if length is None else min(size, offset + length)

        def pieces() -> Iterator[bytes]:
            with held:  # which has to see exceptions
                for start in range(offset, end, CHUNK):
                    yield bytes(handle.read(min(CHUNK, end - start)))

        info = ObjectInfo(key, size, written, None)
        return BodyReader(info, pieces(), end - offset, driver=self.name, close=held.close, failed=report.meaning)

    def stat(self, key: str) -> ObjectInfo:
        with Reporting("stat", key), self._borrowed() as fs:
            return ObjectInfo(key, *self._info(fs, f"{self._root}/{key}"), None)

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Listing:
        path = f"{self._root}/{prefix}".strip("/")
        found: dict[str, tuple[int, datetime] | None] = {}
        none = suppress(FileNotFoundError, NotADirectoryError)
        with Reporting("list_objects", prefix or None), self._borrowed() as fs, none:
            for each in fs.ls(f"/{path}", detail=True):
                above, _, name = each["name"].strip("/").rpartition("/")
                if above == path and is_key(name) and each["type"] in {"file", "directory"}:
                    found[prefix + name + "/" * (each["type"] == "directory")] = described(fs, each)
        for key, info in sorted(found.items()):
            if info and key > start_after:
                yield ObjectInfo(key, *info, None)
            elif not info and not shallow and (key > start_after or start_after.startswith(key)):
                yield from self.list_objects(key, start_after=start_after)
            elif not info and shallow and key > start_after and any(self.list_objects(key)):
                yield Prefix(key)

    def move(self, source: str, target: str) -> ObjectInfo:
        with Reporting("move", source) as report, self._borrowed() as fs:
            if source == target:
                raise report.failure(errors.InvalidKey, "cannot be moved onto itself")
            info = self._info(fs, f"{self._root}/{source}")
            self._publish(fs, f"{self._root}/{source}", f"{self._root}/{target}")
        self._prune(source)
        return ObjectInfo(target, *info, None)

    def delete(self, keys: Iterable[str]) -> None:
        Reporting.delete(keys, self._delete)

    def upload_start(self, key: str) -> UploadState:
        folder = f"{self._root}/.entrepot/uploads/{token_hex(16)}"
        with Reporting("upload_start", key), self._borrowed() as fs:
            self._made(fs, f"{folder}/head", lambda: fs.pipe_file(f"{folder}/head", b"[]"))
            fs.touch(f"{folder}/open")
        return UploadState(key, 0, json.dumps([folder, []]))

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        data = [bytes(piece) for piece in data] if self._ram else data  # before the lock blocks all others
        with Reporting("upload_append", state.key) as report, self._borrowed() as fs:
            folder, parts = self._parsed(state, report)
            seen, part = self._head(fs, report, folder, parts), f"{folder}/{token_hex(16)}"
            with self._new(fs, part, report.passing(data)) as (size, _):
                parts = [*parts, [part, size]]
                fs.pipe_file(f"{part}.head", json.dumps(parts).encode())
                self._head(fs, report, folder, seen, exact=True)
                self._publish(fs, f"{part}.head", f"{folder}/head")
                self._head(fs, report, folder, parts)
        return UploadState(state.key, state.size + size, json.dumps([folder, parts]))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        key = state.key if target is None else target
        with Reporting("upload_commit", state.key) as report, self._borrowed() as fs:
            folder, parts = self._parsed(state, report)
            self._head(fs, report, folder, parts)
            full = [part for part in parts if part[1]]
            whole = full[0][0] if len(full) == 1 else f"{folder}/{token_hex(16)}"
            spans = ((path, at, min(at + CHUNK, size)) for path, size in full for at in range(0, size, CHUNK))
            with self._new(fs, whole, (fs.cat_file(*span) for span in spans)) if len(full) != 1 else nullcontext():
                info = self._info(fs, whole)
                if info[0] != state.size:
                    raise report.failure(
                        errors.IntegrityError, f"only {info[0]} of {state.size} bytes are left; push again"
                    )
                try:
                    fs.rm_file(f"{folder}/open")
                except FileNotFoundError:
                    raise
                except BaseException:
                    self._reopen(folder)
                    raise
                try:
                    self._publish(fs, whole, f"{self._root}/{key}")
                except BaseException:
                    self._reopen(folder)
                    raise
        with suppress(errors.StorageError):  # leftovers of the upload do no harm
            self.upload_abort(state)
        return ObjectInfo(key, *info, None)

    def upload_abort(self, state: UploadState) -> None:
        with Reporting("upload_abort", state.key) as report, suppress(errors.UploadUnknown):
            folder, _ = self._parsed(state, report)
            with self._borrowed() as fs:
                for more in (True, True, False):  # another call may remove the same files, or add one
                    with suppress(OSError if more else FileNotFoundError):
                        fs.rm(folder, recursive=True)
                    if not fs.exists(folder):
                        break

    def _reopen(self, folder: str) -> None:
        """Let an upload be committed again whose commit has failed, perhaps after its last response was lost."""
        with suppress(Exception), self._borrowed() as fs:
            fs.touch(f"{folder}/open")

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise Reporting("sign_url", key).failure(errors.Unsupported, f"{method} URLs cannot be signed on a filesystem")

    def health(self) -> Health:
        return Reporting("health").health(lambda: any(self.list_objects("health/")), owner=self)

    def close(self, *broken: FileSystem) -> None:
        idle, self._idle = self._idle, []
        for fs in (*broken, *idle):
            if self._sftp:
                fs.client.close()

    @contextmanager
    def _borrowed(self) -> Iterator[FileSystem]:
        """Borrow a connection for one call, because most are not thread-safe."""
        fs, usable = self._connected(), False
        try:
            with _MEMORY if self._ram else nullcontext():
                yield fs
            usable = True
        except (OSError, errors.StorageError) as error:
            # After a response, the connection can be reused. After any other error, it is closed with all idle ones.
            usable = not isinstance(error, ConnectionError | TimeoutError | errors.Unavailable)
            raise
        finally:
            self._idle.append(fs) if usable else self.close(fs)

    def _connected(self) -> FileSystem:
        with suppress(IndexError):
            while fs := self._idle.pop():
                if not self._sftp or fs.client.get_transport().is_active():
                    return fs
        options, timeout = self._options.storage_options.get_secret_value(), self._options.timeout
        names = ("timeout", "banner_timeout", "auth_timeout", "channel_timeout")
        waits = dict.fromkeys(names, timeout) if self._sftp else {}
        with Reporting("configure"):
            fs = fsspec.filesystem(self._options.protocol, skip_instance_cache=not self._ram, **{**waits, **options})
            fs.dircache.use_listings_cache = False  # not every class accepts it as an option
            if self._sftp:
                fs.ftp.get_channel().settimeout(timeout)
                # Every request waits for its response: without this, Nagle's algorithm delays each by 40 ms.
                fs.client.get_transport().sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return fs

    def _info(self, fs: FileSystem, path: str) -> tuple[int, datetime]:
        """Return a file's size in bytes and its time; raises FileNotFoundError for a directory, or below a file."""
        with suppress(NotADirectoryError):
            if info := described(fs, fs.info(path)):
                return info
        raise FileNotFoundError(errno.ENOENT, "not a file")

    @contextmanager
    def _new(self, fs: FileSystem, path: str, data: Chunks) -> Iterator[tuple[int, datetime]]:
        """Write ``data`` to a new file, which is removed if writing it, or the block, fails."""
        handle = self._made(fs, path, lambda: fs.open(path, "wb"))
        try:
            for piece in data:
                handle.write(piece)
            handle.close()
            yield self._info(fs, path)
        except BaseException:
            for undo in (handle.close, lambda: fs.rm_file(path)):
                with suppress(Exception):  # the first error is raised, and nothing else uses the file
                    undo()
            raise

    def _publish(self, fs: FileSystem, source: str, target: str) -> None:
        """Rename a file, atomically replacing an existing one."""
        if self._ram:
            if fs.isdir(target):  # which pipe_file does not check
                raise IsADirectoryError(errno.EISDIR, "there is a directory in place of the file")
            fs.pipe_file(target, fs.cat_file(source))
            fs.rm_file(source)
        else:
            # If os.rename fails, fsspec's mv of local files copies, and readers could see an incomplete file.
            rename = os.replace if self._options.protocol in {"file", "local"} else fs.mv
            self._made(fs, target, lambda: rename(source, target), source)

    def _made(self, fs: FileSystem, path: str, make: Callable[[], Any], source: str = "") -> Any:  # noqa: ANN401
        """Create a file and its directory, if missing; repeated if a delete prunes the directory meanwhile."""
        for more in range(20, -1, -1):
            with suppress(FileNotFoundError):
                return make()
            if source:
                self._info(fs, source)
            # Another process may create it at the same time; and below a file, it is not found.
            with suppress(OSError if more else FileNotFoundError):
                fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        raise NotADirectoryError(errno.ENOTDIR, "there is a file in place of a directory")

    def _delete(self, key: str) -> None:
        with self._borrowed() as fs, suppress(FileNotFoundError):
            self._info(fs, f"{self._root}/{key}")
            fs.rm_file(f"{self._root}/{key}")
        self._prune(key)

    def _prune(self, key: str) -> None:
        """Remove the empty directories above a key, if rmdir is known to fail for others."""
        with suppress(Exception), self._borrowed() as fs:  # a remaining directory is not an object
            while self._options.protocol in KNOWN and (key := key.rpartition("/")[0]):
                fs.rmdir(f"{self._root}/{key}")

    def _parsed(self, state: UploadState, report: Reporting) -> tuple[str, list[list[Any]]]:
        """Return the directory of an upload and its parts; raises UploadUnknown for a token of another store."""
        folder, parts = TOKEN.read(state) or ("", ())
        above, _, name = folder.rpartition("/")
        if above != f"{self._root}/.entrepot/uploads" or not name.isalnum():
            raise report.failure(*oserrors.LOOKED_FOR["upload_append"])
        return folder, [list(part) for part in parts]

    def _head(self, fs: FileSystem, report: Reporting, folder: str, parts: Any, exact: bool = False) -> Any:  # noqa: ANN401
        """Return the list in ``head``; raises UploadConflict if it does not begin with the state's list."""
        self._info(fs, f"{folder}/open")
        head = json.loads(fs.cat_file(f"{folder}/head"))
        if head[: None if exact else len(parts)] != parts:
            raise report.failure(errors.UploadConflict, "another append was made from an earlier state")
        return head


def described(fs: FileSystem, found: dict[str, Any]) -> tuple[int, datetime] | None:
    """Return a file's size in bytes and its time, under any of the names that filesystems use; None for a directory."""
    if found["type"] != "file":
        return None
    time = found.get("mtime") or found.get("modified") or found.get("created") or fs.modified(found["name"])
    return int(found["size"]), datetime.fromtimestamp(time, UTC) if isinstance(time, float) else time.astimezone(UTC)
