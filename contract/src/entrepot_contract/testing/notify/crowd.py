"""Tests of many events, many threads, endpoints beside a hanging one, and of what failed deliveries leave."""

from __future__ import annotations

import dataclasses
import gc
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Final

import pytest

from entrepot_contract.notify import NotificationSink, Rejected, Undelivered
from entrepot_contract.testing.notify.base import Arrivals, Config, Opener, SinkBase
from entrepot_contract.testing.notify.calling import PATIENCE, SLACK, Call, call
from entrepot_contract.testing.notify.delivering import IN_ORDER, TAKEN
from entrepot_contract.testing.notify.kinds import LAYER, anew, some
from entrepot_contract.testing.notify.refusing import IN_TIME, NOTHING_ELSE, SHORT
from entrepot_contract.testing.opened import open_resources
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["CrowdContract"]

CROWD: Final = 12
LONG: Final = timedelta(seconds=4)
CALLS: Final = 2
TURNS: Final = 3
OTHERS: Final = "Deliveries of other sinks and threads do not delay it beyond its timeout."
CLOSED: Final = "A delivery that is under way in another thread ends within its timeout."
RELEASED: Final = "Release all resources, including connections. Idempotent."
SENT: Final = "When it returns, the endpoint has accepted all of them"


class CrowdContract(SinkBase):
    """Tests with many events, threads and sinks."""

    @sentence("deliver", IN_ORDER)
    @pytest.mark.parametrize("count", [101, 256, 1000])
    def test_more_than_a_hundred_events_arrive_once_and_in_order(
        self, sink: NotificationSink, arrivals: Arrivals, count: int
    ) -> None:
        sent = some(count)
        sink.deliver(sent, PATIENCE)
        arrived, expected = arrivals.ids(), [event.id for event in sent]
        assert len(arrived) == count, f"of {count} events in one call, {len(arrived)} arrived"
        assert arrived == expected, f"{count} events of one call arrived in another order"

    @sentence("deliver", TAKEN)
    def test_an_event_of_megabytes_arrives(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        (plain,) = some(1)
        layers = tuple(dataclasses.replace(LAYER, digest=f"sha256:{number:064x}") for number in range(20_000))
        large = dataclasses.replace(plain, references=layers, annotations={"org.kit.note": "x" * 2**20})
        sent = [anew(plain), anew(large), anew(plain)]
        sink.deliver(sent, PATIENCE)
        assert arrivals.ids() == [event.id for event in sent], "an event with 20,000 layers did not arrive in its place"

    @sentence("NotificationSink", "Sinks are synchronous and thread-safe.")
    def test_a_crowd_of_threads_delivers_everything_once(self, sink: NotificationSink, arrivals: Arrivals) -> None:
        batches = [some(1 + number % 5, f"kit/crowd-{number}") for number in range(4 * CROWD)]
        with ThreadPoolExecutor(CROWD) as pool:
            list(pool.map(lambda batch: sink.deliver(batch, PATIENCE), batches))
        arrived = arrivals.ids()
        sent = {event.id for batch in batches for event in batch}
        assert set(arrived) == sent, f"{len(sent - set(arrived))} events of {CROWD} threads did not arrive"
        assert len(arrived) == len(sent), f"{len(arrived) - len(sent)} events of {CROWD} threads arrived twice"

    @sentence("deliver", OTHERS)
    @needs("hanging")
    def test_a_hanging_endpoint_delays_no_other_one(
        self, open_sink: Opener, config: Config, hanging: Config, arrivals: Arrivals
    ) -> None:
        slow, quick, sent = open_sink(hanging), open_sink(config), some(5)
        quick.deliver(sent[:1], PATIENCE)
        with ThreadPoolExecutor(CROWD) as pool:
            waiting = [pool.submit(call, slow, some(1), LONG) for _ in range(CROWD)]
            time.sleep(0.3)
            for event in sent[1:]:
                quick.deliver([event], PATIENCE)
            waited = sum(each.done() for each in waiting)
            assert waited == 0, "deliveries to a working endpoint wait for those of another sink that hangs"
            assert arrivals.ids() == [event.id for event in sent]
            late = [each.result() for each in waiting]
        assert all(isinstance(each.error, Undelivered) for each in late), (
            "an endpoint that hangs must raise Undelivered"
        )

    @sentence("deliver", OTHERS)
    @sentence("deliver", IN_TIME)
    @needs("hanging")
    def test_calls_beside_each_other_keep_their_timeouts(self, open_sink: Opener, hanging: Config) -> None:
        timeouts = [timedelta(seconds=1.5 if number == 3 else 0.3) for number in range(CROWD // 2)]
        late: list[float] = []
        for _ in range(TURNS):
            slow = open_sink(hanging)
            with ThreadPoolExecutor(len(timeouts)) as pool:
                ended: list[Call] = list(pool.map(partial(call, slow, some(2)), timeouts))
            assert all(isinstance(each.error, Undelivered) for each in ended), (
                "a hanging endpoint must raise Undelivered"
            )
            late.append(max(each.late for each in ended))
            if late[-1] <= SLACK:
                return
        pytest.fail(
            f"of {len(timeouts)} deliveries at once, the last one always ended {min(late):.1f} s after its timeout"
        )

    @sentence("close", CLOSED)
    @needs("hanging")
    def test_close_does_not_strand_a_delivery(self, open_sink: Opener, hanging: Config) -> None:
        slow = open_sink(hanging)
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(call, slow, some(1), timedelta(seconds=2)) for _ in range(3)]
            time.sleep(0.5)
            closing = pool.submit(slow.close)
            for each in waiting:
                ended = each.result()
                assert isinstance(ended.error, Undelivered | Rejected), (
                    f"a delivery raised {type(ended.error).__name__} when another thread closed the sink"
                )
            closing.result(timeout=PATIENCE.total_seconds())

    @sentence("close", RELEASED)
    @sentence("deliver", NOTHING_ELSE)
    def test_failed_deliveries_leave_nothing_open(self, open_sink: Opener, bad_places: Mapping[str, Config]) -> None:
        def once(name: str) -> None:
            sink = open_sink(bad_places[name])
            for _ in range(CALLS):
                call(sink, some(1), SHORT)
            sink.close()

        for name in bad_places:
            once(name)
            gc.collect()
            before = open_resources()
            for _ in range(TURNS):
                once(name)
            # The suite's own endpoint may keep its end of a connection that hangs, and a thread for it.
            kept = TURNS * CALLS if name == "hanging" else 0
            until = time.monotonic() + 10
            while any(now > then + kept for now, then in zip(open_resources(), before, strict=True)):
                gc.collect()
                assert time.monotonic() < until, (
                    f"after close(), files and threads of deliveries to an endpoint that is {name} are left: "
                    f"{before} before, {open_resources()} after"
                )
                time.sleep(0.05)

    @sentence("deliver", NOTHING_ELSE)
    @needs("mend")
    def test_threads_deliver_after_all_of_them_have_failed(
        self, open_sink: Opener, unreachable: Config, mend: Callable[[], None], arrivals: Arrivals
    ) -> None:
        sink = open_sink(unreachable)
        batches = [some(2, f"kit/again-{number}") for number in range(CROWD)]
        gate = threading.Barrier(CROWD)

        def fail(number: int) -> Call:
            gate.wait(timeout=60)
            return call(sink, batches[number], PATIENCE)

        with ThreadPoolExecutor(CROWD) as pool:
            failed = list(pool.map(fail, range(CROWD)))
            assert all(isinstance(each.error, Undelivered) for each in failed), "an unreachable endpoint: Undelivered"
            mend()
            list(pool.map(lambda batch: sink.deliver(batch, PATIENCE), batches))
        arrived, sent = arrivals.ids(), [event.id for batch in batches for event in batch]
        assert sorted(arrived) == sorted(sent), "after failures of many threads, not every event arrived exactly once"
