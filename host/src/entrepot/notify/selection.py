"""Which deliveries somebody means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

__all__ = ["Selection", "State"]


class State(IntEnum):
    """What became of an event at one endpoint."""

    PENDING = 0
    DELIVERED = 1
    DEAD = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """The deliveries that all of these allow; what is empty or None allows every one.

    ``repository`` is a glob, as in the configuration of an endpoint; ``since`` and ``until`` are about the event.
    """

    ids: Sequence[str] = ()
    states: Sequence[State] = ()
    endpoints: Sequence[str] = ()
    actions: Sequence[str] = ()
    repository: str | None = None
    since: datetime | None = None
    until: datetime | None = None
