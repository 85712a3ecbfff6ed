"""Drivers that leave files and threads behind, or keep calls waiting for a slow caller."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from contract.tests.broken.reads import Wrapped
from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    AlreadyExists,
    Chunks,
    DriverOptions,
    Health,
    NotFound,
    ObjectInfo,
    Prefix,
    RangeError,
    Reader,
    Unavailable,
    UploadState,
    WriteMode,
)

READS = "test_reads_and_listings_leave_nothing_open"
WRITES = "test_writes_leave_nothing_open"
SLOW = "test_slow_callers_keep_no_other_call_waiting"
LEFT: list[object] = []
"""What the drivers leave open, so that it is not collected."""


class Leaking(HonestDriver):
    """Can leave a file open."""

    def leak(self) -> None:
        LEFT.append(open(self.options.path, "rb"))  # noqa: SIM115 - the fault


@caught_by(READS)
class RefusedReadsStayOpen(Leaking):
    """Opens a file before it refuses a range, and leaves it open."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        try:
            return super().read(key, offset=offset, length=length)
        except RangeError:
            self.leak()
            raise


@caught_by(READS)
class MissingObjectsStayOpen(Leaking):
    """Leaves a connection open for each object that is missing."""

    def stat(self, key: str) -> ObjectInfo:
        try:
            return super().stat(key)
        except NotFound:
            self.leak()
            raise


class Half(Wrapped):
    """Closes its file only at the end of the data."""

    def close(self) -> None:
        if self.left and self.blob is not None:
            LEFT.append((self.link, self.blob))
            self.blob = None
        else:
            super().close()


@caught_by(READS)
class ReadersLeftEarlyStayOpen(HonestDriver):
    """Closes a reader only if it was read to its end."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return Half(super().read(key, offset=offset, length=length))


@caught_by(READS)
class ReadersHaveThreads(HonestDriver):
    """Starts a thread for each reader, which waits for more to read ahead."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        threading.Thread(target=threading.Event().wait, args=(600,), daemon=True).start()
        return reader


@caught_by(READS)
class ListingsLeftEarlyStayOpen(HonestDriver):
    """Keeps the connections of its listings, and closes each only at the end."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        link = self.connect()
        LEFT.append(link)
        yield from super().list_objects(prefix, start_after=start_after, shallow=shallow)
        LEFT.remove(link)
        link.close()


@caught_by(WRITES)
class RefusedCreatesStayOpen(Leaking):
    """Leaves a file open when it refuses a CREATE."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode, durable=durable)
        except AlreadyExists:
            self.leak()
            raise


@caught_by(WRITES)
class BrokenAppendsStayOpen(Leaking):
    """Leaves a file open if the body of an append raises."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except BaseException:
            self.leak()
            raise


@caught_by(WRITES)
class HealthStartsThreads(HonestDriver):
    """Starts a thread for each health check, and does not end it."""

    def health(self) -> Health:
        threading.Thread(target=threading.Event().wait, args=(600,), daemon=True).start()
        return super().health()


@caught_by("test_closed_drivers_leave_nothing_open")
class ClosedDriversStayOpen(Leaking):
    """Keeps a connection that ``close`` does not close."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if "kept" not in self.__dict__:
            self.kept = self.connect()
            LEFT.append(self.kept)
        return super().put(key, data, mode=mode, durable=durable)


class Pooled(HonestDriver):
    """Counts the drivers that use one pool, and can close it."""

    closed: ClassVar[set[str]] = set()

    def connect(self) -> sqlite3.Connection:
        if self.options.path in self.closed:
            raise self.fail(Unavailable, "connect", None, "the pool is closed")
        return super().connect()


@caught_by("test_close_leaves_another_driver_usable")
class CloseClosesTheSharedPool(Pooled):
    """Closes the pool of all drivers with the same options."""

    def close(self) -> None:
        self.closed.add(self.options.path)


@caught_by("test_close_leaves_another_driver_usable")
class CloseAbortsUploads(HonestDriver):
    """Removes all uploads when it is closed, also those of others."""

    def close(self) -> None:
        with self.writing() as link:
            link.execute("DELETE FROM uploads")


class Limited(HonestDriver):
    """Has a few connections, or one lock, and waits for a free one for a while."""

    connections: ClassVar[int] = 1

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.pool = threading.Semaphore(self.connections)

    def borrow(self) -> None:
        if not self.pool.acquire(timeout=1):
            raise self.fail(Unavailable, "connect", None, "there is no free connection")

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        self.borrow()
        try:
            yield
        finally:
            self.pool.release()

    def stat(self, key: str) -> ObjectInfo:
        with self.borrowed():
            return super().stat(key)


@caught_by(f"{SLOW}[readers]")
class ReadersHoldConnections(Limited):
    """Holds one of sixteen connections for as long as a reader is open."""

    connections = 16

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        self.borrow()
        return Returning(super().read(key, offset=offset, length=length), self.pool)


class Returning(Wrapped):
    """Returns its connection when it is closed."""

    def __init__(self, reader: Reader, pool: threading.Semaphore) -> None:
        super().__init__(reader)
        self.pool: threading.Semaphore | None = pool

    def close(self) -> None:
        if self.pool is not None:
            self.pool.release()
            self.pool = None
        super().close()


@caught_by(f"{SLOW}[appends]")
class AppendsHoldTheLock(Limited):
    """Locks the driver while the body of an append is received."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        with self.borrowed():
            return super().upload_append(state, data)


@caught_by(f"{SLOW}[listings]")
class ListingsHoldTheLock(Limited):
    """Locks the driver until a listing is at its end."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        with self.borrowed():
            yield from super().list_objects(prefix, start_after=start_after, shallow=shallow)


@caught_by(f"{SLOW}[deletions]")
class DeletionsHoldTheLock(Limited):
    """Locks the driver while it gets the keys of a deletion."""

    def delete(self, keys: Iterable[str]) -> None:
        with self.borrowed():
            super().delete(keys)
