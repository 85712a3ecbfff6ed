"""Sinks that lose events, mix them up, or say too early that they were taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from contract.tests.broken.register import disowned_by
from contract.tests.honest_sink import HonestSink

from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import Undelivered


@disowned_by("test_events_have_arrived_in_order_when_deliver_returns")
class TellsTheLastFirst(HonestSink):
    """Turns the order round."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events[::-1], timeout)


@disowned_by("test_events_have_arrived_in_order_when_deliver_returns")
class TellsTheFirstOnly(HonestSink):
    """Knows of no batches."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events[:1], timeout)


@disowned_by("test_events_have_arrived_in_order_when_deliver_returns")
class TellsInTheBackground(HonestSink):
    """Returns before anybody has taken anything."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        def later() -> None:
            time.sleep(0.5)
            try:
                super(TellsInTheBackground, self).deliver(events, timeout)
            except Undelivered:
                return  # nobody is told
            finally:
                self.hang_up()

        threading.Thread(target=later).start()


@disowned_by("test_every_kind_of_event_arrives")
class TellsNothingWithoutATarget(HonestSink):
    """Passes over the deletion of a tag."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver([event for event in events if event.target is not None], timeout)


@disowned_by("test_every_kind_of_event_arrives")
class WritesLinesByHand(HonestSink):
    """Breaks a line where a user agent does."""

    def lines(self, events: Sequence[Event]) -> bytes:
        agents = [event.request.user_agent if event.request is not None else "" for event in events]
        told = zip(events, agents, strict=True)
        return b"".join(super(WritesLinesByHand, self).lines([event]) for event, agent in told if "\n" not in agent)


@disowned_by("test_events_of_all_kinds_arrive_together")
class SortsRepositories(HonestSink):
    """Tells events by repository."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(sorted(events, key=lambda event: event.repository), timeout)


@disowned_by("test_any_events_arrive")
class WritesNoStars(HonestSink):
    """Cannot write what is beyond the basic plane in the id of a request."""

    def lines(self, events: Sequence[Event]) -> bytes:
        if any(letter > "\U00010000" for event in events if event.request for letter in event.request.id):
            raise UnicodeError("a request has no stars")
        return super().lines(events)


@disowned_by("test_an_event_delivered_again_has_the_same_id")
class NumbersItsTries(HonestSink):
    """Tells an event again under another id."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.told: list[str] = []

    def id_of(self, event: Event) -> str:
        self.told.append(event.id)
        return event.id if self.told.count(event.id) == 1 else f"{event.id}-{self.told.count(event.id)}"


@disowned_by("test_events_have_arrived_although_the_process_dies_next")
class TellsWhenItCloses(HonestSink):
    """Keeps the last events for the next call, or for its end."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.kept: Sequence[Event] = []

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        if self.kept:
            super().deliver(self.kept, timeout)
        self.kept = events

    def close(self) -> None:
        if self.kept:
            super().deliver(self.kept, timedelta(seconds=5))
        self.kept = []
        super().close()


@disowned_by("test_threads_deliver_the_events_of_their_repositories_in_order")
class KnowsOneCallOnly(HonestSink):
    """Lets two threads write over each other's events."""

    telling: Sequence[Event] = ()

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        self.telling = events
        time.sleep(0.02)
        super().deliver(self.telling, timeout)
