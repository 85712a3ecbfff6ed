"""A sink that stores events, and fails on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink

__all__ = ["ListSink"]


class ListSink(NotificationSink):
    """Stores events in a list; ``before`` is called with each delivery, and may raise."""

    name: ClassVar[str] = "list"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = DriverOptions

    def __init__(self, options: DriverOptions) -> None:
        self.taken: list[Event] = []
        self.before: Callable[[Sequence[Event]], None] = lambda _: None
        self.at_once = 0
        self.closed = False
        self._now = 0
        self._lock = threading.Lock()

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        """Store some events."""
        with self._lock:
            self._now += 1
            self.at_once = max(self.at_once, self._now)
        try:
            time.sleep(0.001)
            self.before(events)
            with self._lock:
                self.taken += events
        finally:
            with self._lock:
                self._now -= 1

    def close(self) -> None:
        """Record that it was closed."""
        self.closed = True
