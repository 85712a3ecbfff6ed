"""Delivery to an endpoint: every event, in order within each repository, until it is delivered or dead."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from host.tests.notify.sinks import ListSink
from hypothesis import given
from hypothesis import strategies as st

from entrepot.config.notifications import EndpointConfig
from entrepot.notify.delivery import Delivery, Schedule
from entrepot.notify.model import Recorded
from entrepot.notify.outbox import Outbox
from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, Undelivered
from entrepot_contract.testing.server.running import eventually

SOON = timedelta(milliseconds=5)

Starter = Callable[..., ListSink]


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


@pytest.fixture
def start(outbox: Outbox) -> Iterator[Starter]:
    """Starts delivery to an endpoint with some settings; ends with the test."""
    started: list[Delivery] = []

    def one(sink: ListSink | None = None, **settings: object) -> ListSink:
        sink = sink or ListSink(DriverOptions())
        given = {"name": "x", "backoff": SOON, **settings}
        started.append(Delivery(EndpointConfig.model_validate(given), sink, outbox))
        return sink

    yield one
    for delivery in started:
        delivery.stop()
    for delivery in started:
        delivery.join()


def record(outbox: Outbox, *repositories: str, count: int = 1, to: Sequence[str] = ("x",)) -> list[Event]:
    """Record events, alternating between repositories."""
    made = [Event("push", name, tag=str(number)) for number in range(count) for name in repositories]
    outbox.record([Recorded(event, to) for event in made])
    return made


def test_everything_is_delivered_once_and_in_order(outbox: Outbox, start: Starter) -> None:
    made = record(outbox, "a", "b", "c", count=200)
    sink = start()
    assert eventually(lambda: len(sink.taken) >= 600 and not outbox.count_pending())
    assert Counter(event.id for event in sink.taken) == Counter(event.id for event in made)
    for name in "abc":
        assert [event.tag for event in sink.taken if event.repository == name] == [str(n) for n in range(200)]
    assert 1 < sink.at_once <= 4


def test_concurrency_of_one(outbox: Outbox, start: Starter) -> None:
    record(outbox, "a", "b", "c", count=30)
    sink = start(concurrency=1)
    assert eventually(lambda: len(sink.taken) >= 90)
    assert sink.at_once == 1


def test_batches(outbox: Outbox, start: Starter) -> None:
    sizes = []
    sink = ListSink(DriverOptions())
    sink.before = lambda events: sizes.append(len(events))
    record(outbox, "a", count=25)
    start(sink, batch=10)
    assert eventually(lambda: len(sink.taken) == 25)
    assert sizes == [10, 10, 5]


def test_an_event_that_the_sink_cannot_write_does_not_block_the_events_before_it(
    outbox: Outbox, start: Starter
) -> None:
    made = record(outbox, "a", count=10)

    def fail(events: Sequence[Event]) -> None:
        if made[7] in events:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    sink = ListSink(DriverOptions())
    sink.before = fail
    start(sink, batch=10, deadletter={"attempts": 2})
    assert eventually(lambda: len(sink.taken) == 9)
    assert [event.id for event in sink.taken] == [event.id for event in made if event is not made[7]]


def test_a_failed_delivery_is_retried_with_the_same_id_and_in_order(outbox: Outbox, start: Starter) -> None:
    seen: Counter[str] = Counter()

    def fail(events: Sequence[Event]) -> None:
        seen.update(event.id for event in events)
        if seen[events[0].id] < 3:
            raise Undelivered("busy")

    made = record(outbox, "a", "b", count=20)
    sink = ListSink(DriverOptions())
    sink.before = fail
    start(sink)
    assert eventually(lambda: len(sink.taken) == 40)
    assert set(seen.values()) == {3}
    for name in "ab":
        assert [one.id for one in sink.taken if one.repository == name] == [
            one.id for one in made if one.repository == name
        ]


def test_failures_of_one_repository_do_not_block_others(outbox: Outbox, start: Starter) -> None:
    def fail(events: Sequence[Event]) -> None:
        if events[0].repository == "a":
            raise Undelivered("busy")

    sink = ListSink(DriverOptions())
    sink.before = fail
    record(outbox, "a", "b", count=300)
    start(sink, backoff=timedelta(seconds=60))
    assert eventually(lambda: len(sink.taken) == 300)
    assert {event.repository for event in sink.taken} == {"b"}


def test_failures_of_one_endpoint_do_not_block_others(outbox: Outbox, start: Starter) -> None:
    def fail(events: Sequence[Event]) -> None:
        raise Undelivered("down")

    down = ListSink(DriverOptions())
    down.before = fail
    record(outbox, "a", count=50, to=("x", "y"))
    start(down)
    sink = start(name="y")
    assert eventually(lambda: len(sink.taken) == 50 and outbox.count_pending() == 50)
    assert down.taken == []


def test_a_rejected_event_is_dead_and_the_next_is_delivered(outbox: Outbox, start: Starter) -> None:
    def reject(events: Sequence[Event]) -> None:
        if any(event.tag == "1" for event in events):
            raise Rejected("malformed")

    sink = ListSink(DriverOptions())
    sink.before = reject
    record(outbox, "a", count=4)
    start(sink, batch=3)
    assert eventually(lambda: not outbox.count_pending())
    assert [event.tag for event in sink.taken] == ["0", "2", "3"]
    assert dead(outbox) == [("malformed", 1)]


def test_a_delivery_is_dead_after_the_maximum_number_of_attempts(outbox: Outbox, start: Starter) -> None:
    def fail(events: Sequence[Event]) -> None:
        if events[0].tag == "0":
            raise Undelivered("busy")

    sink = ListSink(DriverOptions())
    sink.before = fail
    record(outbox, "a", count=2)
    start(sink, deadletter={"attempts": 3})
    assert eventually(lambda: not outbox.count_pending())
    assert [event.tag for event in sink.taken] == ["1"]
    assert dead(outbox) == [("busy", 3)]


def test_a_delivery_is_dead_after_the_maximum_age(outbox: Outbox, start: Starter) -> None:
    def fail(events: Sequence[Event]) -> None:
        raise Undelivered("busy")

    sink = ListSink(DriverOptions())
    sink.before = fail
    record(outbox, "a", "b", count=20)
    start(sink, deadletter={"age": timedelta(0)})
    assert eventually(lambda: not outbox.count_pending())
    assert len(dead(outbox)) == 40


def test_an_unexpected_exception_of_a_sink_loses_no_event(
    outbox: Outbox, start: Starter, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True]

    def fail(events: Sequence[Event]) -> None:
        if broken.pop() if broken else False:
            raise ZeroDivisionError

    sink = ListSink(DriverOptions())
    sink.before = fail
    record(outbox, "a")
    start(sink)
    assert eventually(lambda: len(sink.taken) == 1)
    assert "sink raised an unexpected exception" in caplog.text


def test_a_failure_delays_only_its_own_repository() -> None:
    schedule = Schedule(threshold=10, backoff=timedelta(hours=1))
    schedule.failed("a", 0, None)
    assert schedule.held_back() == ["a"]
    assert schedule.wait == 0
    assert not schedule.probing


def test_after_some_failures_in_a_row_the_endpoint_pauses_and_is_then_probed() -> None:
    schedule = Schedule(threshold=3, backoff=timedelta(milliseconds=20))
    for _ in range(3):
        schedule.failed("a", 0, None)
    assert schedule.probing
    time.sleep(schedule.wait)
    assert schedule.wait == 0
    assert schedule.held_back() == []
    schedule.succeeded()
    assert not schedule.probing


def test_retry_after_is_respected_up_to_an_hour() -> None:
    schedule = Schedule(threshold=10, backoff=timedelta(0))
    schedule.failed("a", 0, timedelta(minutes=5))
    assert 290 < schedule.wait <= 300
    schedule.failed("a", 0, timedelta(days=5))
    assert 3590 < schedule.wait <= 3600


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 10**6)), max_size=50), st.integers(1, 5))
def test_no_backoff_exceeds_five_minutes(failures: list[tuple[str, int]], threshold: int) -> None:
    schedule = Schedule(threshold, timedelta(seconds=1))
    for repository, attempts in failures:
        schedule.failed(repository, attempts, None)
        assert 0 <= schedule.wait <= 300
    assert schedule.probing is (len(failures) >= threshold)


def test_backoff_is_spread_over_the_full_interval() -> None:
    waits = []
    for _ in range(200):
        schedule = Schedule(threshold=1, backoff=timedelta(seconds=100))
        schedule.failed("a", 0, None)
        waits.append(schedule.wait)
    assert min(waits) < 20
    assert 80 < max(waits) <= 100


def dead(outbox: Outbox) -> list[tuple[str, int]]:
    """Returns errors and attempts of dead deliveries, read without the code under test."""
    connection = sqlite3.connect(outbox.file.folder / "outbox.db")
    try:
        return list(connection.execute("SELECT error, attempts FROM deliveries WHERE state = 2 ORDER BY seq"))
    finally:
        connection.close()
