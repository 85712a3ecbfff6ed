"""Delivery to an endpoint: every event, in order within each repository, until it is delivered or dead."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from host.tests.notify.sinks import ListSink
from host.tests.server.running import eventually

from entrepot.notify.delivery import Delivery
from entrepot.notify.outbox import Outbox, Recorded
from entrepot.notify.settings import EndpointSettings
from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, Undelivered

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
        started.append(Delivery(EndpointSettings(**given), sink, outbox))  # type: ignore[arg-type]  # a test's own
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
    start(sink, batch=10, dead_attempts=2)
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
    start(sink, dead_attempts=3)
    assert eventually(lambda: not outbox.count_pending())
    assert [event.tag for event in sink.taken] == ["1"]
    assert dead(outbox) == [("busy", 3)]


def test_a_delivery_is_dead_after_the_maximum_age(outbox: Outbox, start: Starter) -> None:
    def fail(events: Sequence[Event]) -> None:
        raise Undelivered("busy")

    sink = ListSink(DriverOptions())
    sink.before = fail
    record(outbox, "a", "b", count=20)
    start(sink, dead_age=timedelta(0))
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


def dead(outbox: Outbox) -> list[tuple[str, int]]:
    """Returns errors and attempts of dead deliveries, read without the code under test."""
    connection = sqlite3.connect(outbox.file.folder / "outbox.db")
    try:
        return list(connection.execute("SELECT error, attempts FROM deliveries WHERE state = 2 ORDER BY seq"))
    finally:
        connection.close()
