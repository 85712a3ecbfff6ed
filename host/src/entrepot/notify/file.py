"""The outbox's file: opened by several processes, and put aside where it is broken."""

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

from entrepot.notify.tables import metadata, open_engine

__all__ = ["NAME", "OutboxFile", "broken_files"]

NAME: Final = "outbox.db"
_BROKEN: Final = ".broken-"

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


def broken_files(folder: Path) -> list[str]:
    """The names of what was put aside, and still lies there."""
    return sorted(path.name for path in folder.glob(f"{NAME}{_BROKEN}*") if not path.name.endswith(("-wal", "-shm")))


class OutboxFile:
    """One SQLite file in WAL mode; work on it is run in one transaction, once more where the file was replaced."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._durable = durable
        self._opening = threading.Lock()
        self._engine: sa.Engine | None = None
        self._inode = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def run(self, work: Callable[[sa.Connection], Answer], *, reads: bool = False) -> Answer:
        """What the work answers, committed; with ``reads`` it waits for no writer.

        Raises sqlalchemy.exc.DBAPIError where the disk is full, broken, or another process writes for too long.
        """
        try:
            return self._once(work, reads=reads)
        except sa.exc.DatabaseError as error:
            if not _is_broken(error):
                raise
            self._put_aside(error)
        return self._once(work, reads=reads)

    def close(self) -> None:
        """Let go of the file."""
        with self._opening:
            self._forget()

    def _once(self, work: Callable[[sa.Connection], Answer], *, reads: bool) -> Answer:
        engine = self._current()
        if reads:
            engine = engine.execution_options(reads=True)
        with engine.begin() as connection:
            return work(connection)

    def _current(self) -> sa.Engine:
        with self._opening:
            if self._engine is not None and self._inode_now() != self._inode:
                self._forget()
            if self._engine is None:
                with self._alone():
                    engine = open_engine(self._path, durable=self._durable)
                    try:
                        metadata.create_all(engine)
                    except BaseException:
                        engine.dispose()
                        raise
                self._engine, self._inode = engine, self._inode_now()
                os.chmod(self._path, 0o600)
            return self._engine

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
        """Keep other processes from making the file, or putting it aside, at the same time."""
        with open(self.folder / "outbox.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _put_aside(self, error: sa.exc.DatabaseError) -> None:
        with self._opening, self._alone():
            seen = self._inode
            self._forget()
            if seen and self._inode_now() != seen:
                return  # another process was first
            aside = f"{self._path}{_BROKEN}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
            for end in ("-wal", "-shm", ""):
                if os.path.exists(f"{self._path}{end}"):
                    os.rename(f"{self._path}{end}", f"{aside}{end}")
        _log.critical(
            "the outbox %s is broken (%s): it was put aside as %s, with all events that were pending in it; "
            "a new one takes what happens from now on",
            self._path,
            error.orig,
            aside,
        )


def _is_broken(error: sa.exc.DatabaseError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", "") if isinstance(error.orig, sqlite3.Error) else ""
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
