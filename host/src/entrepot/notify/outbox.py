"""The outbox: events, the state of their delivery to each endpoint, and all queries on them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from wcmatch import glob

from entrepot.notify.database import OutboxFile, deliveries, endpoints, events, journals
from entrepot.notify.model import DeliveryRow, Recorded, Selection, Settled, Standing, State, Waiting, dump_event

__all__ = ["Outbox", "count", "drop", "endpoint_names", "find", "replay", "standings"]

_PAGE: Final = 1000


class Outbox:
    """Events to deliver to endpoints, in a file shared by several processes.

    Every method raises sqlalchemy.exc.DBAPIError if the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.file = OutboxFile(folder)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def record(self, recorded: Iterable[Recorded], journal: tuple[str, int] | None = None) -> None:
        """Store events in order, together with how many bytes of a journal were read."""
        now = time.time()

        def work(connection: sa.Connection) -> None:
            numbers = _numbers(connection, {name for one in recorded for name in one.to})
            last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'events'").scalar() or 0
            rows = [
                {"seq": seq, "endpoint": numbers[name], "repository": one.event.repository, "changed": now}
                for seq, one in enumerate(recorded, last + 1)
                for name in one.to
            ]
            if recorded:
                connection.execute(events.insert(), [_row(seq, one) for seq, one in enumerate(recorded, last + 1)])
                connection.execute(deliveries.insert(), rows)
            if journal is not None:
                name, read = journal
                insert = sqlite.insert(journals).values(name=name, read=read)
                connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"read": read}))

        recorded = list(recorded)
        self.file.run(work)

    def journals(self) -> dict[str, int]:
        """Returns how many bytes of each journal were read."""
        query = sa.select(journals.c.name, journals.c.read)
        return self.file.run(lambda connection: {row.name: row.read for row in connection.execute(query)}, reads=True)

    def forget_journals(self, names: Collection[str]) -> None:
        """Delete the positions of journals that no longer exist."""
        self.file.run(lambda connection: connection.execute(journals.delete().where(journals.c.name.in_(names))))

    def pending(self, endpoint: str, *, limit: int, without: Collection[str] = ()) -> list[Waiting]:
        """Returns the oldest pending deliveries of an endpoint, except those of some repositories."""
        query = (
            sa.select(deliveries.c.seq, deliveries.c.repository, deliveries.c.attempts, events.c.created, events.c.body)
            .join(events, events.c.seq == deliveries.c.seq)
            .join(endpoints, endpoints.c.number == deliveries.c.endpoint)
            .where(endpoints.c.name == endpoint, deliveries.c.state == sa.text("0"))
            .order_by(deliveries.c.seq)
            .limit(limit)
        )
        if without:
            query = query.where(deliveries.c.repository.not_in(without))
        return self.file.run(lambda connection: [Waiting(*row) for row in connection.execute(query)], reads=True)

    def settle(self, endpoint: str, settled: Settled, *, too_old: timedelta | None = None) -> None:
        """Store the outcome of deliveries; failed ones stay pending.

        Deliveries of this endpoint that have been pending for longer than ``too_old`` become dead.
        """
        now = time.time()

        def work(connection: sa.Connection) -> None:
            number = _numbers(connection, {endpoint})[endpoint]
            mine = deliveries.update().where(deliveries.c.endpoint == number)
            if settled.delivered:
                taken = mine.where(deliveries.c.seq.in_(settled.delivered))
                connection.execute(
                    taken.values(state=State.DELIVERED, changed=now, error=None, attempts=deliveries.c.attempts + 1)
                )
            for seq, error in (settled.failed | settled.dead).items():
                tried = mine.where(deliveries.c.seq == seq).values(error=error, attempts=deliveries.c.attempts + 1)
                if seq in settled.dead:
                    tried = tried.values(state=int(State.DEAD), changed=now)
                connection.execute(tried)
            dead = len(settled.dead)
            if too_old is not None:
                late = deliveries.c.changed < now - too_old.total_seconds()
                gone = mine.where(deliveries.c.state == sa.text("0"), late)
                dead += connection.execute(gone.values(state=State.DEAD, changed=now)).rowcount
            connection.execute(
                endpoints.update()
                .where(endpoints.c.number == number)
                .values(
                    delivered=endpoints.c.delivered + len(settled.delivered),
                    failed=endpoints.c.failed + len(settled.failed) + len(settled.dead),
                    dead=endpoints.c.dead + dead,
                )
            )

        self.file.run(work)

    def count_pending(self) -> int:
        """Returns the number of pending deliveries of all endpoints."""
        query = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.state == sa.text("0"))
        return self.file.run(lambda connection: connection.execute(query).scalar_one(), reads=True)

    def purge(self, *, keep: timedelta, keep_dead: timedelta) -> None:
        """Delete deliveries that were delivered, or have been dead, for longer than their retention time."""
        now = time.time()

        def work(connection: sa.Connection) -> None:
            for state, kept in ((State.DELIVERED, keep), (State.DEAD, keep_dead)):
                old = deliveries.c.changed < now - kept.total_seconds()
                connection.execute(deliveries.delete().where(deliveries.c.state == int(state), old))
            needed = sa.exists().where(deliveries.c.seq == events.c.seq)
            connection.execute(events.delete().where(~needed))

        self.file.run(work)


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


def _row(seq: int, recorded: Recorded) -> dict[str, object]:
    event = recorded.event
    return {
        "seq": seq,
        "id": event.id,
        "created": event.timestamp.timestamp(),
        "action": event.action,
        "repository": event.repository,
        "body": recorded.body or dump_event(event),
    }


def _numbers(connection: sa.Connection, names: Collection[str]) -> Mapping[str, int]:
    query = sa.select(endpoints.c.name, endpoints.c.number).where(endpoints.c.name.in_(names))
    found = {row.name: int(row.number) for row in connection.execute(query)}
    for name in sorted(set(names) - set(found)):
        found[name] = connection.execute(endpoints.insert().values(name=name)).lastrowid
    return found
