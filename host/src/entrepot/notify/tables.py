"""The tables of the outbox, and the engine for its file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from entrepot.notify.selection import State

__all__ = ["deliveries", "endpoints", "events", "journals", "metadata", "open_engine"]

BUSY_SECONDS: Final = 5.0
"""How long a writer waits for another process; the longest transaction takes much less."""


metadata = sa.MetaData()

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("delivered", sa.Integer, nullable=False, default=0),
    sa.Column("failed", sa.Integer, nullable=False, default=0),
    sa.Column("dead", sa.Integer, nullable=False, default=0),
)

events = sa.Table(
    "events",
    metadata,
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
    metadata,
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
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("read", sa.Integer, nullable=False),  # bytes
)

sa.Index("pending", deliveries.c.endpoint, deliveries.c.seq, sqlite_where=deliveries.c.state == sa.text("0"))
sa.Index("settled", deliveries.c.state, deliveries.c.changed, sqlite_where=deliveries.c.state > sa.text("0"))


def open_engine(path: Path, *, durable: bool) -> sa.Engine:
    """Returns an engine for the file; with ``durable``, commits survive a power failure."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    def prepare(connection: sqlite3.Connection, _: object) -> None:
        # SQLAlchemy begins transactions, below: sqlite3 would begin with a read-only one.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)
    return engine
