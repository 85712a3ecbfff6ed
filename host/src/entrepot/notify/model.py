"""Events, their deliveries and the selection of deliveries, as values; nothing here uses the database."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final

from pydantic import TypeAdapter

from entrepot.json_object import without_surrogates
from entrepot_contract.events import Event

__all__ = [
    "EVENT",
    "DeliveryRow",
    "Recorded",
    "Selection",
    "Settled",
    "Standing",
    "State",
    "Waiting",
    "dump_event",
]

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


class State(IntEnum):
    """State of the delivery of an event to one endpoint."""

    PENDING = 0
    DELIVERED = 1
    DEAD = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter for deliveries: all given criteria must match; empty or None matches everything.

    ``repository`` is a glob, as in the configuration of an endpoint; ``since`` and ``until`` refer to the event's time.
    """

    ids: Sequence[str] = ()
    states: Sequence[State] = ()
    endpoints: Sequence[str] = ()
    actions: Sequence[str] = ()
    repository: str | None = None
    since: datetime | None = None
    until: datetime | None = None


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
