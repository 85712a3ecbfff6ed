"""The file of the outbox: shared by several processes, and set aside if it is corrupt."""

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

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


def broken_files(folder: Path) -> list[str]:
    """Returns the names of the corrupt outbox files that were set aside and still exist."""
    return sorted(path.name for path in folder.glob(f"{NAME}{_BROKEN}*") if not path.name.endswith(("-wal", "-shm")))


class OutboxFile:
    """One SQLite file in WAL mode; runs work in a transaction, and retries it once if a corrupt file was replaced."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._durable = durable
        self._opening = threading.Lock()
        self._engine: sa.Engine | None = None
        self._inode = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def run(self, work: Callable[[sa.Connection], Result], *, reads: bool = False) -> Result:
        """Run ``work`` in a transaction and return its result; with ``reads``, do not wait for writers.

        Raises sqlalchemy.exc.DBAPIError if the disk is full or broken, or if another process writes for too long.
        """
        try:
            return self._once(work, reads=reads)
        except sa.exc.DatabaseError as error:
            if not _is_broken(error):
                raise
            self._put_aside(error)
        return self._once(work, reads=reads)

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            self._forget()

    def _once(self, work: Callable[[sa.Connection], Result], *, reads: bool) -> Result:
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
        """Keep other processes from creating or replacing the file at the same time."""
        with open(self.folder / "outbox.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _put_aside(self, error: sa.exc.DatabaseError) -> None:
        with self._opening, self._alone():
            seen = self._inode
            self._forget()
            if seen and self._inode_now() != seen:
                return  # another process has already replaced it
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


def _is_broken(error: sa.exc.DatabaseError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", "") if isinstance(error.orig, sqlite3.Error) else ""
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
