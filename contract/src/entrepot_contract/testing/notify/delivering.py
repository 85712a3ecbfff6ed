"""Tests of ``deliver`` with a working endpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink
from entrepot_contract.testing.examples import OFTEN
from entrepot_contract.testing.notify.base import Arrivals, Config, SinkBase
from entrepot_contract.testing.notify.calling import PATIENCE
from entrepot_contract.testing.notify.kinds import KINDS, anew, events, some
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import sentence

__all__ = ["DeliveringContract"]

IN_ORDER = "Deliver one or more events, in order."
TAKEN = "When it returns, the endpoint has accepted all of them; after an error, all of them are delivered again."

NOT_ARRIVED = "the events that have arrived are not those that were sent, in their order, when deliver returned"


class DeliveringContract(SinkBase, ProcessBase):
    """Tests of successful deliveries."""

    @sentence("deliver", IN_ORDER)
    @sentence("deliver", TAKEN)
    @pytest.mark.parametrize("count", [1, 2, 100])
    def test_events_have_arrived_in_order_when_deliver_returns(
        self, sink: NotificationSink, arrivals: Arrivals, count: int
    ) -> None:
        sent: list[str] = []
        for batch in (some(count), tuple(some(count))):
            sink.deliver(batch, PATIENCE)
            sent += [event.id for event in batch]
            assert arrivals.ids() == sent, NOT_ARRIVED

    @sentence("deliver", IN_ORDER)
    def test_events_of_several_repositories_keep_their_order(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        made = [some(4, repository) for repository in ("kit/b", "kit/a", "kit/c")]
        pushed = [event for group in zip(*made, strict=True) for event in group]
        kinds = [anew(event) for event in (*KINDS.values(), *reversed(list(KINDS.values())))]
        now = datetime.now(UTC)
        late = [dataclasses.replace(each, timestamp=now - timedelta(seconds=n)) for n, each in enumerate(some(5))]
        sent = [*pushed, *kinds, *late]
        sink.deliver(sent, PATIENCE)
        assert arrivals.ids() == [event.id for event in sent], (
            "events of several repositories, actions and times did not arrive in the order in which they were delivered"
        )

    @sentence("deliver", IN_ORDER)
    @sentence("Event", "One change to, or read of, a blob, a manifest or a tag of a repository.")
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_of_event_arrives(self, sink: NotificationSink, arrivals: Arrivals, kind: str) -> None:
        event = anew(KINDS[kind])
        sink.deliver([event], PATIENCE)
        assert arrivals.ids() == [event.id], NOT_ARRIVED

    @sentence("deliver", IN_ORDER)
    def test_events_of_all_kinds_arrive_together(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        sent = [anew(event) for event in KINDS.values()]
        sink.deliver(sent, PATIENCE)
        assert arrivals.ids() == [event.id for event in sent], NOT_ARRIVED

    @sentence("deliver", IN_ORDER)
    def test_any_events_arrive(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        sent: list[str] = []

        @OFTEN
        @given(st.lists(events, min_size=1, max_size=10))
        def deliver(batch: Sequence[Event]) -> None:
            sink.deliver(batch, PATIENCE)
            sent.extend(event.id for event in batch)
            assert arrivals.ids()[-len(batch) :] == [event.id for event in batch], NOT_ARRIVED

        deliver()
        assert arrivals.ids() == sent, NOT_ARRIVED

    @sentence("deliver", "An event that is delivered again has the same id.")
    @sentence("Event", "``id`` is unique, and stays the same if the event is delivered again")
    def test_an_event_delivered_again_has_the_same_id(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        (event,) = some(1)
        for _ in range(3):
            sink.deliver([event], PATIENCE)
        # An endpoint may discard duplicates.
        assert arrivals.ids() in [[event.id] * times for times in (1, 2, 3)]

    @sentence("deliver", TAKEN)
    @sentence("notify", "a sink only delivers.")
    def test_events_have_arrived_although_the_process_dies_next(
        self, config: Config, arrivals: Arrivals, processes: Processes
    ) -> None:
        process = processes.start()
        sent = process.call("deliver", config=config, count=5, seconds=PATIENCE.total_seconds())
        process.kill()
        assert arrivals.ids() == sent, NOT_ARRIVED
