"""Tests of ``deliver`` with an endpoint that is unreachable, slow, failing or rejecting."""

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
IN_TIME: Final = "It returns or raises within the timeout plus half a second, however the endpoint behaves."
UNREACHABLE: Final = "If the endpoint cannot be reached or does not respond, it raises Undelivered."
NOTHING_ELSE: Final = "It raises Undelivered or Rejected, and nothing else; after either, the next call works."
LATER: Final = "Delivery may succeed later: the endpoint cannot be reached, is too slow, or fails temporarily."
TAKEN: Final = "after an error, all of them are delivered again."


def in_time(open_sink: Opener, config: Config, events: Sequence[Event], timeout: timedelta) -> Call:
    """Return the first call that ends in time; earlier ones may be late because the machine is busy."""
    late: list[float] = []
    for _ in range(TRIES):
        ended = call(open_sink(config), events, timeout)
        if ended.late <= SLACK:
            return ended
        late.append(ended.late)
    pytest.fail(
        f"deliver always ended late: at least {min(late):.2f} s after its timeout of {timeout.total_seconds()} s"
    )


class RefusingContract(SinkBase):
    """Tests of errors and timeouts."""

    @sentence("deliver", UNREACHABLE)
    @sentence("Undelivered", LATER)
    @pytest.mark.parametrize("count", [1, 100])
    def test_an_unreachable_endpoint_raises_undelivered(
        self, open_sink: Opener, unreachable: Config, count: int
    ) -> None:
        assert type(refusal_of(open_sink(unreachable), some(count), PATIENCE)) is Undelivered

    @sentence("deliver", UNREACHABLE)
    @sentence("Undelivered", LATER)
    @needs("hanging")
    def test_a_hanging_endpoint_raises_undelivered(self, open_sink: Opener, hanging: Config) -> None:
        assert type(refusal_of(open_sink(hanging), some(1), SHORT)) is Undelivered

    @sentence("deliver", IN_TIME)
    @needs("hanging")
    @pytest.mark.parametrize("seconds", [0.2, 1.5])
    @pytest.mark.parametrize("size", ["one", "many"])
    def test_a_hanging_endpoint_takes_the_timeout(
        self, open_sink: Opener, hanging: Config, seconds: float, size: str
    ) -> None:
        in_time(open_sink, hanging, BIG if size == "many" else some(1), timedelta(seconds=seconds))

    @sentence("deliver", IN_TIME)
    def test_a_timeout_of_almost_zero_is_respected(
        self, open_sink: Opener, config: Config, bad_places: Mapping[str, Config]
    ) -> None:
        for each in (config, *bad_places.values()):
            error = in_time(open_sink, each, some(3), NOTHING).error
            assert error is None or isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__}"

    @sentence("Undelivered", LATER)
    @sentence(
        "Undelivered",
        "``retry_after`` is how long the endpoint asks to wait before the next attempt, if it sent a hint.",
    )
    @needs("failing")
    def test_a_failing_endpoint_raises_undelivered(self, open_sink: Opener, failing: Config) -> None:
        error = refusal_of(open_sink(failing), some(1), PATIENCE)
        assert isinstance(error, Undelivered), f"deliver raised {type(error).__name__}"
        assert error.retry_after is None or error.retry_after >= timedelta()

    @sentence(
        "Rejected", "The endpoint will never accept these events as they are; they are not retried automatically."
    )
    @needs("rejecting")
    def test_a_rejecting_endpoint_raises_rejected(self, open_sink: Opener, rejecting: Config) -> None:
        assert type(refusal_of(open_sink(rejecting), some(1), PATIENCE)) is Rejected

    @sentence("deliver", NOTHING_ELSE)
    @sentence("SinkError", "always as one of the two subclasses below.")
    def test_the_same_endpoint_raises_the_same_error_again(
        self, open_sink: Opener, bad_places: Mapping[str, Config]
    ) -> None:
        for name, each in bad_places.items():
            sink = open_sink(each)
            timeout = SHORT if name == "hanging" else PATIENCE
            kinds = {type(refusal_of(sink, some(count), timeout)) for count in (1, 1, 3)}
            assert len(kinds) == 1, f"deliver does not always raise the same error for an endpoint that is {name}"

    @sentence("deliver", NOTHING_ELSE)
    @sentence("deliver", TAKEN)
    @needs("mend")
    def test_an_endpoint_that_works_again_accepts_the_events(
        self, open_sink: Opener, unreachable: Config, mend: Callable[[], None], arrivals: Arrivals
    ) -> None:
        sink, sent = open_sink(unreachable), some(3)
        for _ in range(3):
            refusal_of(sink, sent, PATIENCE)
        mend()
        sink.deliver(sent, PATIENCE)
        assert arrivals.ids() == [event.id for event in sent]

    @sentence("deliver", NOTHING_ELSE)
    def test_the_next_call_works_after_one_that_had_no_time(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        for _ in range(3):
            first, second = some(2)
            call(sink, [first], NOTHING)
            sink.deliver([first], PATIENCE)
            sink.deliver([second], PATIENCE)
            assert {first.id, second.id} <= set(arrivals.ids())
