"""The SQLite file of the outbox: its tables, shared by several processes, and set aside if it is corrupt."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa

from entrepot.notify.model import State

__all__ = ["NAME", "OutboxFile", "broken_files", "deliveries", "endpoints", "events", "journals"]

NAME: Final = "outbox.db"
_BROKEN: Final = ".broken-"
_BUSY_SECONDS: Final = 5.0
"""How long a writer waits for another process; the longest transaction takes much less."""

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_metadata = sa.MetaData()

endpoints = sa.Table(
    "endpoints",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("delivered", sa.Integer, nullable=False, default=0),
    sa.Column("failed", sa.Integer, nullable=False, default=0),
    sa.Column("dead", sa.Integer, nullable=False, default=0),
)

events = sa.Table(
    "events",
    _metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("created", sa.Float, nullable=False),  # seconds since 1970
    sa.Column("action", sa.String, nullable=False),
    sa.Column("repository", sa.String, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # numbers are never reused, so a deleted event cannot be confused with a new one
)

deliveries = sa.Table(
    "deliveries",
    _metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("endpoint", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("repository", sa.String, nullable=False),
    sa.Column("state", sa.Integer, nullable=False, default=int(State.PENDING)),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("changed", sa.Float, nullable=False),  # time of the last state change, seconds since 1970
    sa.Column("error", sa.String),
    sqlite_with_rowid=False,
)

journals = sa.Table(
    "journals",
    _metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("read", sa.Integer, nullable=False),  # bytes
)

sa.Index("pending", deliveries.c.endpoint, deliveries.c.seq, sqlite_where=deliveries.c.state == sa.text("0"))
sa.Index("settled", deliveries.c.state, deliveries.c.changed, sqlite_where=deliveries.c.state > sa.text("0"))


def broken_files(folder: Path) -> list[str]:
    """Returns the names of the corrupt outbox files that were set aside and still exist."""
    return sorted(path.name for path in folder.glob(f"{NAME}{_BROKEN}*") if not path.name.endswith(("-wal", "-shm")))


class OutboxFile:
    """One SQLite file in WAL mode; runs work in a transaction, and retries it once if a corrupt file was replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._opening = threading.Lock()
        self._engine: sa.Engine | None = None
        self._inode = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def run(self, work: Callable[[sa.Connection], Result], *, reads: bool = False) -> Result:
        """Run ``work`` in a transaction and return its result; with ``reads``, do not wait for writers.

        Raises sqlalchemy.exc.DBAPIError if the disk is full or broken, or if another process writes for too long.
        """
        engine, inode = self._current()
        try:
            return _in_transaction(engine, work, reads)
        except sa.exc.DatabaseError as error:
            if not _is_broken(error):
                raise
            self._replace(inode, error)
        engine, _ = self._current()
        return _in_transaction(engine, work, reads)

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            self._forget()

    def _current(self) -> tuple[sa.Engine, int]:
        """Return an engine, and the inode of its file."""
        with self._opening:
            if self._engine is not None and self._inode_now() != self._inode:
                self._forget()
            if self._engine is None:
                with self._alone():
                    try:
                        engine = _open_engine(self._path)
                    except sa.exc.DatabaseError as error:
                        if not _is_broken(error):
                            raise
                        self._put_aside(error)
                        engine = _open_engine(self._path)
                    self._engine, self._inode = engine, self._inode_now()
                os.chmod(self._path, 0o600)
            return self._engine, self._inode

    def _inode_now(self) -> int:
        try:
            return os.stat(self._path).st_ino
        except FileNotFoundError:
            return 0

    def _forget(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from creating or replacing the file at the same time."""
        with open(self.folder / "outbox.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _replace(self, inode: int, error: sa.exc.DatabaseError) -> None:
        """Put a corrupt file aside, unless another thread or process has already replaced it."""
        with self._opening, self._alone():
            if self._inode_now() == inode:
                self._forget()
                self._put_aside(error)

    def _put_aside(self, error: sa.exc.DatabaseError) -> None:
        aside = f"{self._path}{_BROKEN}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        for end in ("-wal", "-shm", ""):
            if os.path.exists(f"{self._path}{end}"):
                os.rename(f"{self._path}{end}", f"{aside}{end}")
        _log.critical(
            "outbox corrupt: path=%s error=%s moved_to=%s, pending events will not be delivered",
            self._path,
            error.orig,
            aside,
        )


def _in_transaction(engine: sa.Engine, work: Callable[[sa.Connection], Result], reads: bool) -> Result:
    if reads:
        engine = engine.execution_options(reads=True)
    with engine.begin() as connection:
        return work(connection)


def _is_broken(error: sa.exc.DatabaseError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", "") if isinstance(error.orig, sqlite3.Error) else ""
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _open_engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False}
    )

    def prepare(connection: sqlite3.Connection, _: object) -> None:
        # SQLAlchemy begins transactions, below: sqlite3 would begin with a read-only one.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # commits survive a power failure

    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)
    try:
        _metadata.create_all(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine
