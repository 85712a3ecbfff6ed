"""Sinks that lose or reorder events, or return before they are accepted."""

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
    """Reverses the order."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events[::-1], timeout)


@disowned_by("test_events_have_arrived_in_order_when_deliver_returns")
class TellsTheFirstOnly(HonestSink):
    """Delivers only the first event of a batch."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events[:1], timeout)


@disowned_by("test_events_have_arrived_in_order_when_deliver_returns")
class TellsInTheBackground(HonestSink):
    """Returns before the events are accepted."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        def later() -> None:
            time.sleep(0.5)
            try:
                super(TellsInTheBackground, self).deliver(events, timeout)
            except Undelivered:
                return  # the error is lost
            finally:
                self.hang_up()

        threading.Thread(target=later).start()


@disowned_by("test_every_kind_of_event_arrives")
class TellsNothingWithoutATarget(HonestSink):
    """Ignores the deletion of a tag."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver([event for event in events if event.target is not None], timeout)


@disowned_by("test_every_kind_of_event_arrives")
class WritesLinesByHand(HonestSink):
    """Breaks the line at a line break in the user agent."""

    def lines(self, events: Sequence[Event]) -> bytes:
        agents = [event.request.user_agent if event.request is not None else "" for event in events]
        pairs = zip(events, agents, strict=True)
        return b"".join(super(WritesLinesByHand, self).lines([event]) for event, agent in pairs if "\n" not in agent)


@disowned_by("test_events_of_all_kinds_arrive_together")
class SortsRepositories(HonestSink):
    """Groups events by repository."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(sorted(events, key=lambda event: event.repository), timeout)


@disowned_by("test_any_events_arrive")
class WritesNoStars(HonestSink):
    """Fails for request ids with characters beyond the basic multilingual plane."""

    def lines(self, events: Sequence[Event]) -> bytes:
        if any(letter > "\U00010000" for event in events if event.request for letter in event.request.id):
            raise UnicodeError("unsupported character in a request id")
        return super().lines(events)


@disowned_by("test_an_event_delivered_again_has_the_same_id")
class NumbersItsTries(HonestSink):
    """Delivers an event again with another id."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.delivered: list[str] = []

    def id_of(self, event: Event) -> str:
        self.delivered.append(event.id)
        return event.id if self.delivered.count(event.id) == 1 else f"{event.id}-{self.delivered.count(event.id)}"


@disowned_by("test_events_have_arrived_although_the_process_dies_next")
class TellsWhenItCloses(HonestSink):
    """Keeps the last events until the next call, or until ``close``."""

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
    """Lets threads overwrite each other's events."""

    telling: Sequence[Event] = ()

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        self.telling = events
        time.sleep(0.02)
        super().deliver(self.telling, timeout)


@disowned_by("test_events_of_several_repositories_keep_their_order")
class TellsByRepository(HonestSink):
    """Groups the events of a batch by repository."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        names = list(dict.fromkeys(event.repository for event in events))
        super().deliver(sorted(events, key=lambda event: names.index(event.repository)), timeout)


@disowned_by("test_events_of_several_repositories_keep_their_order")
class TellsByTime(HonestSink):
    """Sorts the events of a batch by their timestamps."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(sorted(events, key=lambda event: event.timestamp), timeout)
