"""Selection of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

__all__ = ["Selection", "State"]


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
