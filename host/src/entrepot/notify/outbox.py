"""The outbox: events, and the state of their delivery to each endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects import sqlite

from entrepot.json_object import without_surrogates
from entrepot.notify.file import OutboxFile
from entrepot.notify.selection import State
from entrepot.notify.tables import deliveries, endpoints, events, journals
from entrepot_contract.events import Event

__all__ = ["EVENT", "Outbox", "Recorded", "Settled", "Waiting", "dump_event"]

EVENT: Final = TypeAdapter(Event)
"""Converts an event to and from JSON."""


def dump_event(event: Event, exclude: Set[str] = frozenset()) -> bytes:
    """Returns an event as JSON in UTF-8 on one line, without the fields in ``exclude``.

    A lone surrogate, which UTF-8 cannot encode, becomes U+FFFD. Raises ValueError if a field cannot be written as JSON.
    """
    left_out = set(exclude)
    try:
        return EVENT.dump_json(event, exclude=left_out, exclude_none=True)
    except ValueError:
        fields = EVENT.dump_python(event, mode="json", exclude=left_out, exclude_none=True)
        return without_surrogates(json.dumps(fields, ensure_ascii=False)).encode()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event, the names of its endpoints, and the event as JSON if that was already made."""

    event: Event
    to: Sequence[str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pending delivery."""

    seq: int
    repository: str
    attempts: int
    created: float
    body: bytes


@dataclass(slots=True)
class Settled:
    """The outcome of some deliveries of one endpoint, by number: delivered, failed, or dead."""

    delivered: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    dead: dict[int, str] = field(default_factory=dict)


class Outbox:
    """Events to deliver to endpoints, in a file shared by several processes.

    Every method raises sqlalchemy.exc.DBAPIError if the file cannot be read or written.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.file = OutboxFile(folder, durable=durable)

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
