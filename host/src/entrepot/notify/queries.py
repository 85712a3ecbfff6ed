"""Queries on the deliveries of an outbox, and manual changes to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from wcmatch import glob

from entrepot.notify.outbox import Outbox
from entrepot.notify.selection import Selection, State
from entrepot.notify.tables import deliveries, endpoints, events

__all__ = ["DeliveryRow", "Standing", "count", "drop", "endpoint_names", "find", "replay", "standings"]

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """An event and its delivery to one endpoint; ``changed`` is the time of the last change, in seconds since 1970."""

    seq: int
    number: int
    endpoint: str
    state: State
    attempts: int
    changed: float
    error: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """State of an endpoint; ``oldest`` is the time of its oldest pending event in seconds since 1970, or None.

    ``delivered`` (successful deliveries), ``failed`` (failed attempts) and ``dead`` (dead deliveries) count since the
    outbox was created.
    """

    endpoint: str
    delivered: int
    failed: int
    dead: int
    pending: int
    oldest: float | None


def find(outbox: Outbox, selection: Selection, limit: int | None = None) -> Iterator[DeliveryRow]:
    """Yield the selected deliveries, newest events first; pages are read as needed."""
    last: tuple[int, int] | None = None
    while limit is None or limit > 0:
        page = _page(outbox, selection, last, _PAGE if limit is None else min(limit, _PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        last = (page[-1].seq, page[-1].number)
        limit = None if limit is None else limit - len(page)


def count(outbox: Outbox, selection: Selection) -> int:
    """Returns the number of selected deliveries."""

    def work(connection: sa.Connection) -> int:
        query = sa.select(sa.func.count()).select_from(_joined()).where(*_conditions(connection, selection))
        return connection.execute(query).scalar_one()

    return outbox.file.run(work, reads=True)


def replay(outbox: Outbox, selection: Selection) -> int:
    """Make deliveries pending again, as if they had never been tried; returns how many."""

    def work(connection: sa.Connection) -> int:
        again = deliveries.update().where(_chosen(connection, selection))
        values = {"state": int(State.PENDING), "attempts": 0, "error": None, "changed": time.time()}
        return connection.execute(again.values(values)).rowcount

    return outbox.file.run(work)


def drop(outbox: Outbox, selection: Selection) -> int:
    """Delete deliveries, and events without other deliveries; returns the number of deliveries."""

    def work(connection: sa.Connection) -> int:
        dropped = connection.execute(deliveries.delete().where(_chosen(connection, selection))).rowcount
        needed = sa.exists().where(deliveries.c.seq == events.c.seq)
        connection.execute(events.delete().where(~needed))
        return dropped

    return outbox.file.run(work)


def standings(outbox: Outbox) -> list[Standing]:
    """Returns the state of every endpoint that has ever had an event."""
    mine = sa.and_(deliveries.c.endpoint == endpoints.c.number, deliveries.c.state == sa.text("0"))
    pending = sa.select(sa.func.count()).where(mine).scalar_subquery()
    first = sa.select(sa.func.min(deliveries.c.seq)).where(mine).correlate(endpoints).scalar_subquery()
    oldest = sa.select(events.c.created).where(events.c.seq == first).correlate(endpoints).scalar_subquery()
    totals = (endpoints.c.name, endpoints.c.delivered, endpoints.c.failed, endpoints.c.dead)
    query = sa.select(*totals, pending, oldest).order_by(endpoints.c.name)
    return outbox.file.run(lambda connection: [Standing(*row) for row in connection.execute(query)], reads=True)


def endpoint_names(outbox: Outbox) -> list[str]:
    """Returns the endpoints that have ever had an event in this outbox."""
    query = sa.select(endpoints.c.name).order_by(endpoints.c.name)
    return outbox.file.run(lambda connection: list(connection.execute(query).scalars()), reads=True)


def _page(outbox: Outbox, selection: Selection, last: tuple[int, int] | None, limit: int) -> list[DeliveryRow]:
    key = (deliveries.c.seq, deliveries.c.endpoint)

    def work(connection: sa.Connection) -> list[DeliveryRow]:
        query = (
            sa.select(
                *key,
                endpoints.c.name,
                deliveries.c.state,
                deliveries.c.attempts,
                deliveries.c.changed,
                deliveries.c.error,
                events.c.body,
            )
            .select_from(_joined())
            .where(*_conditions(connection, selection))
            .order_by(*(column.desc() for column in key))
            .limit(limit)
        )
        if last is not None:
            query = query.where(sa.tuple_(*key) < last)
        return [DeliveryRow(row[0], row[1], row[2], State(row[3]), *row[4:]) for row in connection.execute(query)]

    return outbox.file.run(work, reads=True)


def _joined() -> sa.Join:
    named = deliveries.join(endpoints, endpoints.c.number == deliveries.c.endpoint)
    return named.join(events, events.c.seq == deliveries.c.seq)


def _chosen(connection: sa.Connection, selection: Selection) -> sa.ColumnElement[bool]:
    key = (deliveries.c.seq, deliveries.c.endpoint)
    selected = sa.select(*key).select_from(_joined()).where(*_conditions(connection, selection))
    return sa.tuple_(*key).in_(selected)


def _conditions(connection: sa.Connection, selection: Selection) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if selection.ids:
        found.append(events.c.id.in_(selection.ids))
    if selection.states:
        found.append(deliveries.c.state.in_([int(state) for state in selection.states]))
    if selection.endpoints:
        found.append(endpoints.c.name.in_(selection.endpoints))
    if selection.actions:
        found.append(events.c.action.in_(selection.actions))
    if selection.since is not None:
        found.append(events.c.created >= selection.since.timestamp())
    if selection.until is not None:
        found.append(events.c.created <= selection.until.timestamp())
    if selection.repository is not None:
        matches = glob.compile(selection.repository, flags=glob.GLOBSTAR).match
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - for mypy: the connection is open
        # In SQLite's own GLOB, * matches a slash, and there is no **.
        driver.create_function("in_glob", 1, lambda name: bool(matches(name)), deterministic=True)
        found.append(sa.func.in_glob(events.c.repository, type_=sa.Boolean))
    return found
