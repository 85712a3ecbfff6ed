"""Tests of what an HTTP endpoint of the kit receives, and of its connections; the suite defines ``at_url``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, SinkError, Undelivered
from entrepot_contract.testing.notify.base import AtUrl, Opener
from entrepot_contract.testing.notify.calling import PATIENCE, call
from entrepot_contract.testing.notify.crowd import CROWD
from entrepot_contract.testing.notify.delivering import IN_ORDER, TAKEN
from entrepot_contract.testing.notify.endpoint import Answer, Endpoint
from entrepot_contract.testing.notify.kinds import KINDS, anew, some
from entrepot_contract.testing.notify.refusing import NOTHING_ELSE
from entrepot_contract.testing.notify.statuses import StatusContract
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["WireContract"]

HOLDS = (
    "What is sent holds at least the id, action and repository of each event, its tag, the digest of its target, and "
    "the repository that a mount is from."
)


class WireContract(StatusContract):
    """Tests of requests and connections."""

    @sentence("deliver", HOLDS)
    @needs("at_url")
    def test_what_is_sent_holds_each_event(self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint) -> None:
        sink = open_sink(at_url(endpoint.url))
        for kind, event in KINDS.items():
            before, sent = len(endpoint.asked), anew(event)
            sink.deliver([sent], PATIENCE)
            text = "\n".join(asked.text() for asked in endpoint.asked[before:])
            for name, value in _facts(sent):
                assert value in text, f"what is sent of the event {kind!r} does not hold its {name}, {value[:80]!r}"
        before = len(endpoint.asked)
        batch = [anew(event) for event in KINDS.values()]
        sink.deliver(batch, PATIENCE)
        text = "\n".join(asked.text() for asked in endpoint.asked[before:])
        missing = [f"{name} of {event.action}" for event in batch for name, value in _facts(event) if value not in text]
        assert not missing, f"of {len(batch)} events in one call, what is sent does not hold {missing[:5]}"

    @sentence("deliver", IN_ORDER)
    @sentence("deliver", TAKEN)
    @needs("at_url")
    @pytest.mark.parametrize("accepting", [0, 1, 2])
    def test_all_events_were_accepted_when_deliver_returns(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint, accepting: int
    ) -> None:
        sink, sent = open_sink(at_url(endpoint.url)), some(250)
        ids = [event.id for event in sent]
        endpoint.decide = lambda number, _: Answer() if number < accepting else Answer(503)
        error = call(sink, sent, PATIENCE).error
        if error is None:
            assert endpoint.ids(ids) == ids, "deliver returned although the endpoint has refused some of the events"
        else:
            assert isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__}"
        endpoint.always(Answer())
        before = len(endpoint.asked)
        sink.deliver(sent, PATIENCE)
        again = [each for asked in endpoint.asked[before:] for each in asked.ids(set(ids))]
        assert again == ids, "after an error, a delivery must send all events again, in order"

    @sentence("deliver", NOTHING_ELSE)
    @needs("at_url")
    def test_connections_that_the_endpoint_closes_lose_nothing(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint
    ) -> None:
        sink = open_sink(at_url(endpoint.url))
        for turn in range(6):
            endpoint.always(Answer(keep=turn % 3 != 2))
            (event,) = some(1)
            for attempt in range(2):
                try:
                    sink.deliver([event], PATIENCE)
                    break
                except Undelivered:
                    assert attempt == 0, "the second delivery fails as well after the endpoint has closed a connection"
            assert endpoint.ids([event.id]), "deliver returned, but the event did not arrive on a new connection"
            if turn % 3 == 0:
                endpoint.close_connections()
            elif turn % 3 == 1:
                endpoint.stop()
                error = call(sink, some(1), PATIENCE).error
                assert isinstance(error, Undelivered), "an endpoint that has stopped must raise Undelivered"
                endpoint.start()

    @sentence("NotificationSink", "Sinks are synchronous and thread-safe.")
    @needs("at_url")
    def test_requests_of_threads_are_not_mixed(self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint) -> None:
        sink = open_sink(at_url(endpoint.url))
        batches = [some(3, f"kit/thread-{number}") for number in range(4 * CROWD)]
        with ThreadPoolExecutor(CROWD) as pool:
            list(pool.map(lambda batch: sink.deliver(batch, PATIENCE), batches))
        whose = {event.id: number for number, batch in enumerate(batches) for event in batch}
        for asked in endpoint.asked:
            numbers = {whose[each] for each in asked.ids(set(whose))}
            assert len(numbers) <= 1, "one request holds events of calls of several threads"
        assert sorted(endpoint.ids(list(whose))) == sorted(whose), "not every event of each thread arrived exactly once"

    @sentence("deliver", NOTHING_ELSE)
    @needs("at_url")
    def test_each_delivery_is_judged_by_its_own_answer(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint
    ) -> None:
        sink = open_sink(at_url(endpoint.url))
        endpoint.decide = lambda number, _: Answer(503 if number % 2 else 200)

        def deliver(event: Event) -> bool:
            try:
                sink.deliver([event], PATIENCE)
            except SinkError:
                return False
            return True

        events = some(4 * CROWD)
        with ThreadPoolExecutor(CROWD) as pool:
            delivered = dict(zip((event.id for event in events), pool.map(deliver, events), strict=True))
        accepted = set(endpoint.ids(list(delivered)))
        for each, returned in delivered.items():
            assert returned == (each in accepted), (
                "with several threads, deliver returned for an event that was refused, or raised for an accepted one"
            )


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    yield from {"id": event.id, "action": event.action, "repository": event.repository}.items()
    if event.tag is not None:
        yield "tag", event.tag
    if event.target is not None:
        yield "digest", event.target.digest
    if event.from_repository is not None:
        yield "from_repository", event.from_repository
