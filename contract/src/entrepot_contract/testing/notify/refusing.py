"""``deliver``, where the other side is gone, slow, out of order, or of another mind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import pytest

from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink, Rejected, Undelivered
from entrepot_contract.testing.notify.base import Arrivals, Config, Opener, SinkBase
from entrepot_contract.testing.notify.calling import PATIENCE, SLACK, Call, call, refusal_of
from entrepot_contract.testing.notify.kinds import BIG, some
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["RefusingContract"]

TRIES: Final = 6
SHORT: Final = timedelta(seconds=0.4)
NOTHING: Final = timedelta(microseconds=1)
IN_TIME: Final = "It returns or raises within the timeout and half a second, however the other side behaves."
NOBODY: Final = "Where the other side cannot be reached or does not answer, it raises Undelivered."
NOTHING_ELSE: Final = "It raises Undelivered or Rejected, and nothing else; after either, the next call works."
LATER: Final = "The events may be taken later: the other side cannot be reached, is too slow, or fails."
TAKEN: Final = "what was handed over with an error is told again."


def in_time(open_sink: Opener, config: Config, events: Sequence[Event], timeout: timedelta) -> Call:
    """The first call that ends in time; another program may have had the processor in those before it."""
    late: list[float] = []
    for _ in range(TRIES):
        ended = call(open_sink(config), events, timeout)
        if ended.late <= SLACK:
            return ended
        late.append(ended.late)
    pytest.fail(f"deliver ended {min(late):.2f} s after its timeout of {timeout.total_seconds()} s, and more")


class RefusingContract(SinkBase):
    """Tests of errors and of time."""

    @sentence("deliver", NOBODY)
    @sentence("Undelivered", LATER)
    @pytest.mark.parametrize("count", [1, 100])
    def test_a_place_where_nobody_is_raises_undelivered(
        self, open_sink: Opener, unreachable: Config, count: int
    ) -> None:
        assert type(refusal_of(open_sink(unreachable), some(count), PATIENCE)) is Undelivered

    @sentence("deliver", NOBODY)
    @sentence("Undelivered", LATER)
    @needs("hanging")
    def test_a_place_that_never_answers_raises_undelivered(self, open_sink: Opener, hanging: Config) -> None:
        assert type(refusal_of(open_sink(hanging), some(1), SHORT)) is Undelivered

    @sentence("deliver", IN_TIME)
    @needs("hanging")
    @pytest.mark.parametrize("seconds", [0.2, 1.5])
    @pytest.mark.parametrize("size", ["one", "many"])
    def test_a_place_that_never_answers_costs_the_timeout(
        self, open_sink: Opener, hanging: Config, seconds: float, size: str
    ) -> None:
        in_time(open_sink, hanging, BIG if size == "many" else some(1), timedelta(seconds=seconds))

    @sentence("deliver", IN_TIME)
    def test_a_timeout_of_nothing_is_kept(
        self, open_sink: Opener, config: Config, bad_places: Mapping[str, Config]
    ) -> None:
        for each in (config, *bad_places.values()):
            error = in_time(open_sink, each, some(3), NOTHING).error
            assert error is None or isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__}"

    @sentence("Undelivered", LATER)
    @sentence("Undelivered", "``retry_after`` is how long the other side wants to be left alone, where it told.")
    @needs("failing")
    def test_a_place_that_fails_raises_undelivered(self, open_sink: Opener, failing: Config) -> None:
        error = refusal_of(open_sink(failing), some(1), PATIENCE)
        assert isinstance(error, Undelivered), f"deliver raised {type(error).__name__}"
        assert error.retry_after is None or error.retry_after >= timedelta()

    @sentence("Rejected", "The other side will never take these events as they are; nobody tries again by itself.")
    @needs("rejecting")
    def test_a_place_that_will_never_take_them_raises_rejected(self, open_sink: Opener, rejecting: Config) -> None:
        assert type(refusal_of(open_sink(rejecting), some(1), PATIENCE)) is Rejected

    @sentence("deliver", NOTHING_ELSE)
    @sentence("SinkError", "always as one of the two below.")
    def test_the_same_place_refuses_in_the_same_way_again(
        self, open_sink: Opener, bad_places: Mapping[str, Config]
    ) -> None:
        for name, each in bad_places.items():
            sink = open_sink(each)
            timeout = SHORT if name == "hanging" else PATIENCE
            kinds = {type(refusal_of(sink, some(count), timeout)) for count in (1, 1, 3)}
            assert len(kinds) == 1, f"where it is {name}, deliver raises now this, now that"

    @sentence("deliver", NOTHING_ELSE)
    @sentence("deliver", TAKEN)
    @needs("mend")
    def test_a_place_that_works_again_takes_what_it_had_not(
        self, open_sink: Opener, unreachable: Config, mend: Callable[[], None], arrivals: Arrivals
    ) -> None:
        sink, told = open_sink(unreachable), some(3)
        for _ in range(3):
            refusal_of(sink, told, PATIENCE)
        mend()
        sink.deliver(told, PATIENCE)
        assert arrivals.ids() == [event.id for event in told]

    @sentence("deliver", NOTHING_ELSE)
    def test_the_next_call_works_after_one_that_had_no_time(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        for _ in range(3):
            first, second = some(2)
            call(sink, [first], NOTHING)
            sink.deliver([first], PATIENCE)
            sink.deliver([second], PATIENCE)
            assert {first.id, second.id} <= set(arrivals.ids())
