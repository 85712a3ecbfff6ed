"""A small, correct driver on SQLite: the base class of the broken ones."""

from __future__ import annotations

import json
import mmap
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from typing import ClassVar, Literal, TypeAlias, cast

from pydantic import SecretStr

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
    Reader,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unavailable,
    Unsupported,
    UploadConflict,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.toolkit.listing import list_pages
from entrepot_contract.toolkit.reading import ClosedOnExit

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, data BLOB, size INTEGER, modified REAL, etag TEXT);
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, key TEXT, used REAL);
CREATE TABLE IF NOT EXISTS steps (serial INTEGER PRIMARY KEY AUTOINCREMENT, upload TEXT, data BLOB);
"""
INFO = "key, size, modified, etag"
CHUNK = 2**20
Row: TypeAlias = tuple[str, int, float, str]


class HonestOptions(DriverOptions):
    """The path of the data, and the capabilities to claim."""

    path: str
    create: bool = True
    shared: bool = True
    signed: frozenset[Literal["GET", "HEAD"]] = frozenset()
    part: int = 256 * 2**10
    ttl: float | None = None
    password: SecretStr | None = None


class HonestReader(ClosedOnExit):
    """One read; it holds a connection with a snapshot, which writers do not change."""

    def __init__(self, link: sqlite3.Connection, blob: sqlite3.Blob | None, info: ObjectInfo, length: int) -> None:
        self.link, self.blob, self.info, self.left = link, blob, info, length

    def __iter__(self) -> Iterator[bytes]:
        while self.left > 0 and self.blob is not None:
            chunk = self.blob.read(min(CHUNK, self.left))
            if not chunk:
                return  # only where a broken driver has changed the size
            self.left -= len(chunk)
            yield chunk

    def close(self) -> None:
        if self.blob is not None:
            self.blob.close()
            self.blob = None
        self.link.close()


class HonestDriver(StorageDriver):
    """Implements the contract correctly."""

    name = "honest"
    contract = (1, 1)
    Options: ClassVar[type[DriverOptions]] = HonestOptions

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, HonestOptions)
        self.options = options

    @property
    def capabilities(self) -> Capabilities:
        options = self.options
        return Capabilities(
            create=options.create,
            shared=options.shared,
            durable=False,
            move="rename",
            signed_urls=options.signed,
            part_size_hint=options.part,
            conditional_delete=True,
            upload_ttl=None if options.ttl is None else timedelta(seconds=options.ttl),
        )

    def fail(self, kind: type[StorageError], operation: str, key: str | None, message: str = "refused") -> StorageError:
        return kind(message, driver=self.name, operation=operation, key=key)

    def connect(self) -> sqlite3.Connection:
        link = sqlite3.connect(self.options.path, timeout=30, isolation_level=None, check_same_thread=False)
        for attempt in range(100):
            try:
                link.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
            except sqlite3.OperationalError:
                time.sleep(0.01 * attempt / 10)  # another process changes the journal's mode
            else:
                return link
        raise self.fail(Unavailable, "connect", None, "the database stays locked")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with closing(self.connect()) as link:
            link.execute("BEGIN IMMEDIATE")
            try:
                yield link
            except BaseException:
                link.execute("ROLLBACK")
                raise
            link.execute("COMMIT")

    def info(self, link: sqlite3.Connection, key: str, operation: str) -> ObjectInfo:
        row: Row | None = link.execute(f"SELECT {INFO} FROM objects WHERE key = ?", [key]).fetchone()  # noqa: S608
        if row is None:
            raise self.fail(NotFound, operation, key, "no such object")
        return self.as_info(row)

    def as_info(self, row: Row) -> ObjectInfo:
        return ObjectInfo(row[0], row[1], datetime.fromtimestamp(row[2], UTC), row[3])

    def save(self, link: sqlite3.Connection, key: str, data: bytes) -> ObjectInfo:
        link.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
            [key, data, len(data), time.time(), uuid.uuid4().hex],
        )
        return self.info(link, key, "save")

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.CREATE and not self.options.create:
            raise self.fail(Unsupported, "put", key)
        with self.writing() as link:
            found = link.execute("SELECT 1 FROM objects WHERE key = ?", [key]).fetchone()
            if found and mode is WriteMode.CREATE:
                raise self.fail(AlreadyExists, "put", key)
            return self.save(link, key, data)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        link = self.connect()
        try:
            link.execute("BEGIN")
            info = self.info(link, key, "read")
            if offset > info.size:
                raise self.fail(RangeError, "read", key, f"offset {offset} is past {info.size}")  # noqa: TRY301 - closes
            (rowid,) = link.execute("SELECT rowid FROM objects WHERE key = ?", [key]).fetchone()
            blob = link.blobopen("objects", "data", rowid, readonly=True) if info.size else None
            if blob is not None:
                blob.seek(offset)
        except BaseException:
            link.close()
            raise
        rest = info.size - offset
        return HonestReader(link, blob, info, rest if length is None else min(length, rest))

    def stat(self, key: str) -> ObjectInfo:
        with closing(self.connect()) as link:
            return self.info(link, key, "stat")

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        query = f"SELECT {INFO} FROM objects WHERE key > ? ORDER BY key LIMIT 1000"  # noqa: S608

        def page(after: str) -> list[ObjectInfo]:
            with closing(self.connect()) as link:
                return [self.as_info(row) for row in link.execute(query, [after])]

        return list_pages(page, prefix, start_after, shallow=shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            raise self.fail(InvalidKey, "move", source, "cannot be moved onto itself")
        with self.writing() as link:
            self.info(link, source, "move")
            link.execute("DELETE FROM objects WHERE key = ?", [target])
            link.execute("UPDATE objects SET key = ? WHERE key = ?", [target, source])
            return self.info(link, target, "move")

    def delete(self, keys: Iterable[str]) -> None:
        doomed = [[key] for key in keys]
        with self.writing() as link:
            link.executemany("DELETE FROM objects WHERE key = ?", doomed)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        with self.writing() as link:
            return link.execute("DELETE FROM objects WHERE key = ? AND etag = ?", [info.key, info.etag]).rowcount == 1

    def state(self, key: str, size: int, upload: str, serial: int) -> UploadState:
        return UploadState(key, size, json.dumps({"upload": upload, "serial": serial}))

    def upload_start(self, key: str) -> UploadState:
        upload = uuid.uuid4().hex
        with self.writing() as link:
            link.execute("INSERT INTO uploads VALUES (?, ?, ?)", [upload, key, time.time()])
        return self.state(key, 0, upload, 0)

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        upload, serial = named(state)
        row = link.execute("SELECT used FROM uploads WHERE id = ?", [upload]).fetchone()
        if row is None or (self.options.ttl is not None and time.time() - row[0] > self.options.ttl):
            raise self.fail(UploadUnknown, operation, state.key)
        found = link.execute("SELECT 1 FROM steps WHERE serial = ?", [serial]).fetchone()
        if serial and not found:
            raise self.fail(UploadConflict, operation, state.key)
        return upload, serial

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        with closing(self.connect()) as link:
            self.find(link, state, "upload_append")
        with TemporaryFile() as spool:
            size = sum(spool.write(chunk) for chunk in data)
            spool.seek(0)
            if size <= CHUNK:
                return self.add(state, spool.read())
            # A large body stays in the file; whatever ``add`` does with bytes can be done with the map, too.
            return self.add(state, cast(bytes, mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)))

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            upload, serial = self.find(link, state, "upload_append")
            link.execute("DELETE FROM steps WHERE upload = ? AND serial > ?", [upload, serial])
            new = link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data]).lastrowid
            link.execute("UPDATE uploads SET used = ? WHERE id = ?", [time.time(), upload])
        return self.state(state.key, state.size + len(data), upload, new or 0)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self.writing() as link:
            upload, serial = self.find(link, state, "upload_commit")
            steps = link.execute(
                "SELECT data FROM steps WHERE upload = ? AND serial <= ? ORDER BY serial", [upload, serial]
            )
            info = self.save(link, target or state.key, b"".join(row[0] for row in steps))
            self.forget(link, upload)
        return info

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        link.execute("DELETE FROM steps WHERE upload = ?", [upload])
        link.execute("DELETE FROM uploads WHERE id = ?", [upload])

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            self.forget(link, named(state)[0])

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise self.fail(Unsupported, "sign_url", key)

    def health(self) -> Health:
        began = time.monotonic()
        try:
            with closing(self.connect()) as link:
                link.execute("SELECT 1")
        except (StorageError, sqlite3.Error) as error:
            return Health(ok=False, latency=timedelta(seconds=time.monotonic() - began), detail=str(error))
        return Health(ok=True, latency=timedelta(seconds=time.monotonic() - began), detail="answers")

    def close(self) -> None:
        return None


def named(state: UploadState) -> tuple[str, int]:
    """Return the upload and the last step of a state; an upload that does not exist if the token means nothing."""
    try:
        token = json.loads(state.token)
        upload, serial = token["upload"], token["serial"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", 0
    known = isinstance(upload, str) and isinstance(serial, int) and 0 <= serial < 2**63
    return (upload, serial) if known else ("", 0)


def config(path: object) -> Mapping[str, object]:
    """Return the options of a new store in a folder."""
    return {"path": f"{path}/honest.db"}


def stored_bytes(path: object) -> int:
    """Return the number of bytes of objects and uploads in a store."""
    with closing(sqlite3.connect(f"{path}/honest.db", timeout=30)) as link:
        query = "SELECT (SELECT TOTAL(LENGTH(data)) FROM objects) + (SELECT TOTAL(LENGTH(data)) FROM steps)"
        (size,) = link.execute(query).fetchone()
    return int(size)
