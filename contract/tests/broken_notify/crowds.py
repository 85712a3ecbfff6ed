"""Sinks that are wrong with many events, threads or sinks, or that leave something behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from contract.tests.broken.register import disowned_by
from contract.tests.honest_sink import HonestSink

from entrepot_contract.events import Event
from entrepot_contract.notify import Undelivered

MANY = "test_more_than_a_hundred_events_arrive_once_and_in_order[1000]"
BESIDE = "test_calls_beside_each_other_keep_their_timeouts"


@disowned_by(MANY)
class TellsAHundredOnly(HonestSink):
    """Delivers the first hundred events of a call."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events[:100], timeout)


@disowned_by(MANY)
class TellsTheBoundaryTwice(HonestSink):
    """Sends batches of a hundred that overlap by one event."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        for start in range(0, len(events), 100):
            super().deliver(events[start : start + 101], timeout)


@disowned_by(MANY)
class TellsBatchesInThreads(HonestSink):
    """Sends batches of a hundred at the same time."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        batches, deliver = [events[start : start + 100] for start in range(0, len(events), 100)], super().deliver
        threads = [
            threading.Timer(0.05 * (len(batches) - place), deliver, [batch, timeout])
            for place, batch in enumerate(batches)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@disowned_by("test_an_event_of_megabytes_arrives")
class DropsLargeEvents(HonestSink):
    """Leaves out what is larger than its endpoint usually takes."""

    def lines(self, events: Sequence[Event]) -> bytes:
        return super().lines([event for event in events if len(event.references) < 10_000])


@disowned_by("test_a_crowd_of_threads_delivers_everything_once")
class CollectsForThreads(HonestSink):
    """Collects the events of all threads in a list without a lock."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        waiting: list[Event] = vars(self).setdefault("waiting", [])
        waiting.extend(events)
        time.sleep(0.005)
        taken = list(waiting)
        super().deliver(taken or events, timeout)
        vars(self)["waiting"] = [event for event in waiting if event not in taken]


@disowned_by("test_a_hanging_endpoint_delays_no_other_one")
class HasOneLockForAll(HonestSink):
    """Delivers one call of all sinks of the process at a time."""

    all: ClassVar[threading.Lock] = threading.Lock()

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        with self.all:
            super().deliver(events, timeout)


@disowned_by("test_a_hanging_endpoint_delays_no_other_one")
class HasFewPlaces(HonestSink):
    """Lets four deliveries of the process run at a time, and others wait."""

    places: ClassVar[threading.Semaphore] = threading.Semaphore(4)

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        with self.places:
            super().deliver(events, timeout)


@disowned_by(BESIDE)
class WaitsForItsTurn(HonestSink):
    """Begins to count the timeout when the calls before have ended."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        turn = vars(self).setdefault("turn", threading.Lock())
        with turn:
            super().deliver(events, timeout)


@disowned_by(BESIDE)
class HasTheTimeoutOfAnother(HonestSink):
    """Keeps the timeout in an attribute, so that the longest one counts for all."""

    longest = timedelta()

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        self.longest = max(self.longest, timeout)
        time.sleep(0.05)
        super().deliver(events, self.longest)


@disowned_by("test_close_does_not_strand_a_delivery")
class ClosesUnderItsFeet(HonestSink):
    """Fails with an error of its own when it is closed during a delivery."""

    closed = False

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        try:
            super().deliver(events, timeout)
        except Undelivered:
            if self.closed:
                raise RuntimeError("the sink is closed") from None
            raise

    def close(self) -> None:
        self.closed = True
        super().close()


@disowned_by("test_failed_deliveries_leave_nothing_open")
class LeavesFailedConnections(HonestSink):
    """Opens a new connection after a failure, and never closes the old one."""

    left: ClassVar[list[socket.socket]] = []

    def hang_up(self) -> None:
        if self.connection is not None:
            self.left.append(self.connection)
            self.connection = None


@disowned_by("test_failed_deliveries_leave_nothing_open")
class LeavesATimer(HonestSink):
    """Starts a timer for every failure, to try again by itself."""

    def undelivered(self, error: OSError) -> Exception:
        timer = threading.Timer(30, lambda: None)
        timer.daemon = True
        timer.start()
        return super().undelivered(error)


@disowned_by("test_threads_deliver_after_all_of_them_have_failed")
class CountsFailures(HonestSink):
    """Delivers nothing more after ten failures."""

    failures = 0

    def undelivered(self, error: OSError) -> Exception:
        self.failures += 1
        return super().undelivered(error)

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        if self.failures >= 10:
            raise Undelivered("too many failures")
        super().deliver(events, timeout)
