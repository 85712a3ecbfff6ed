"""``deliver``, where the other side works."""

from __future__ import annotations

from collections.abc import Sequence

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

IN_ORDER = "Hand over some events, at least one, in their order."
TAKEN = "When it returns, the other side has taken all of them; what was handed over with an error is told again."


class DeliveringContract(SinkBase, ProcessBase):
    """Tests of events that arrive."""

    @sentence("deliver", IN_ORDER)
    @sentence("deliver", TAKEN)
    @pytest.mark.parametrize("count", [1, 2, 100])
    def test_events_have_arrived_in_order_when_deliver_returns(
        self, sink: NotificationSink, arrivals: Arrivals, count: int
    ) -> None:
        told: list[str] = []
        for batch in (some(count), tuple(some(count))):
            sink.deliver(batch, PATIENCE)
            told += [event.id for event in batch]
            assert arrivals.ids() == told

    @sentence("deliver", IN_ORDER)
    @sentence("Event", "One thing that happened to a blob, a manifest or a tag of a repository.")
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_of_event_arrives(self, sink: NotificationSink, arrivals: Arrivals, kind: str) -> None:
        event = anew(KINDS[kind])
        sink.deliver([event], PATIENCE)
        assert arrivals.ids() == [event.id]

    @sentence("deliver", IN_ORDER)
    def test_events_of_all_kinds_arrive_together(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        told = [anew(event) for event in KINDS.values()]
        sink.deliver(told, PATIENCE)
        assert arrivals.ids() == [event.id for event in told]

    @sentence("deliver", IN_ORDER)
    def test_any_events_arrive(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        told: list[str] = []

        @OFTEN
        @given(st.lists(events, min_size=1, max_size=10))
        def deliver(batch: Sequence[Event]) -> None:
            sink.deliver(batch, PATIENCE)
            told.extend(event.id for event in batch)
            assert arrivals.ids()[-len(batch) :] == [event.id for event in batch]

        deliver()
        assert arrivals.ids() == told

    @sentence("deliver", "The same event, told again, has the same id.")
    @sentence("Event", "``id`` is unique, and stays the same however often the event is told")
    def test_an_event_told_again_has_the_same_id(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        (event,) = some(1)
        for _ in range(3):
            sink.deliver([event], PATIENCE)
        # A place may know what it has had already.
        assert arrivals.ids() in [[event.id] * times for times in (1, 2, 3)]

    @sentence("deliver", TAKEN)
    @sentence("notify", "a sink only hands them over.")
    def test_events_have_arrived_although_the_process_dies_next(
        self, config: Config, arrivals: Arrivals, processes: Processes
    ) -> None:
        process = processes.start()
        told = process.call("deliver", config=config, count=5, seconds=PATIENCE.total_seconds())
        process.kill()
        assert arrivals.ids() == told
