"""Sinks over HTTP that take answers for what they are not, or send too little or to the wrong place."""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from contract.tests.broken.register import disowned_by
from contract.tests.honest_http_sink import HttpSink

from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, Undelivered

STATUS = "test_a_status_of_success_and_no_other_one_is_acceptance"
LATER = "test_a_status_that_may_change_raises_undelivered"
WAIT = "test_a_wait_that_is_asked_for_is_passed_on"
REDIRECT = "test_a_redirect_takes_no_secret_elsewhere_and_loses_no_event[302]"
BROKEN = "test_a_broken_answer_raises_undelivered[garbage]"
HOLDS = "test_what_is_sent_holds_each_event"
ALL = "test_all_events_were_accepted_when_deliver_returns[1]"


@disowned_by(STATUS)
class AnyAnswerIsAcceptance(HttpSink):
    """Does not look at the status."""

    def judge_status(self, status: int, hint: str | None) -> None:
        """Do nothing."""


@disowned_by(STATUS)
class ClientErrorsAreAcceptance(HttpSink):
    """Raises only for a status of 5xx."""

    def judge_status(self, status: int, hint: str | None) -> None:
        if status >= 500:
            super().judge_status(status, hint)


@disowned_by(STATUS)
class RedirectsAreAcceptance(HttpSink):
    """Takes every status below 400 for success."""

    def judge_status(self, status: int, hint: str | None) -> None:
        if status >= 400:
            super().judge_status(status, hint)


@disowned_by(STATUS)
class OnlyTwoHundredIsAcceptance(HttpSink):
    """Takes a 202 for an error."""

    def judge_status(self, status: int, hint: str | None) -> None:
        super().judge_status(500 if 200 < status < 300 else status, hint)


@disowned_by(LATER)
class TooManyIsFinal(HttpSink):
    """Rejects for every status of 4xx, also for 429."""

    def judge_status(self, status: int, hint: str | None) -> None:
        if 400 <= status < 500:
            raise Rejected(f"the endpoint answered {status}")
        super().judge_status(status, hint)


@disowned_by(WAIT)
class HintsAreIgnored(HttpSink):
    """Does not pass on the wait."""

    def wait(self, hint: str | None) -> timedelta | None:
        return None


@disowned_by(WAIT)
class HintsAreSecondsOnly(HttpSink):
    """Does not understand a date."""

    def wait(self, hint: str | None) -> timedelta | None:
        return super().wait(hint) if hint is not None and hint.lstrip("-").isdigit() else None


@disowned_by(WAIT)
class OddHintsEscape(HttpSink):
    """Raises for a hint that is neither seconds nor a date."""

    def wait(self, hint: str | None) -> timedelta | None:
        if hint is None:
            return None
        if hint.isdigit():
            return timedelta(seconds=int(hint))
        return max(parsedate_to_datetime(hint) - datetime.now(UTC), timedelta())


@disowned_by(WAIT)
class HintsStay(HttpSink):
    """Remembers the last hint."""

    last: timedelta | None = None

    def wait(self, hint: str | None) -> timedelta | None:
        self.last = super().wait(hint) or self.last
        return self.last


class Follows(HttpSink):
    """Follows redirects: with everything, to everywhere."""

    method = "POST"

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        with self.open(until) as connection:
            connection.request("POST", "/kit/events", body, self.headers())
            response = connection.getresponse()
            response.read()
            place = response.getheader("Location")
        if place is None:
            return response.status, response.getheader("Retry-After")
        parts = urlsplit(place)
        port = parts.port or self.options.port
        with closing(http.client.HTTPConnection(parts.hostname or "127.0.0.1", port, timeout=5)) as other:
            headers = self.headers_for(parts.hostname)
            other.request(self.method, parts.path, body if self.method == "POST" else None, headers)
            return other.getresponse().status, None

    def headers_for(self, host: str | None) -> dict[str, str]:
        return self.headers()


@disowned_by(REDIRECT)
class TakesItsTokenElsewhere(Follows):
    """Sends its token to the host that the endpoint redirects to."""


@disowned_by(REDIRECT)
class FollowsWithGet(Follows):
    """Follows a redirect with GET, without the events, as many clients do."""

    method = "GET"

    def headers_for(self, host: str | None) -> dict[str, str]:
        return {} if host not in {None, "127.0.0.1"} else self.headers()


@disowned_by(BROKEN)
class BrokenAnswersAreFinal(HttpSink):
    """Rejects the events if the answer is not HTTP."""

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        try:
            return super().post(body, until)
        except http.client.HTTPException:
            raise Rejected("no answer of HTTP") from None


@disowned_by("test_a_slow_answer_takes_the_timeout[one-drips]")
class HasATimeoutForEachByte(HttpSink):
    """Applies the timeout to every read, not to the delivery."""

    def cut(self, connection: object) -> None:
        """Do nothing."""

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.options.port, timeout=1)) as connection:
            connection.request("POST", "/kit/events", body, self.headers())
            response = connection.getresponse()
            response.read()
        return response.status, response.getheader("Retry-After")


@disowned_by("test_an_answer_that_shows_the_request_is_not_shown")
class ShowsTheAnswer(HttpSink):
    """Shows the answer of the endpoint in the error, which may repeat the request."""

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        with self.open(until) as connection:
            connection.request("POST", "/kit/events", body, self.headers())
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        if response.status >= 400:
            raise Undelivered(f"the endpoint answered {response.status}: {text}")
        return response.status, None


@disowned_by(HOLDS)
class SendsNoTags(HttpSink):
    """Leaves the tag out."""

    def record(self, event: Event) -> dict[str, object]:
        return {**super().record(event), "tag": None}


@disowned_by(HOLDS)
class SendsTheFirstOfMany(HttpSink):
    """Describes only the first event of a call, and names the others."""

    def body(self, events: Sequence[Event]) -> bytes:
        return super().body(events[:1]) + b"\n" + "\n".join(event.id for event in events).encode()


@disowned_by(ALL)
class TheLastAnswerCounts(HttpSink):
    """Sends batches of a hundred, and looks only at the answer to the first one."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events[:100], timeout)
        for start in range(100, len(events), 100):
            try:
                super().deliver(events[start : start + 100], timeout)
            except Undelivered:
                continue


@disowned_by(ALL)
class GoesOnWhereItFailed(HttpSink):
    """Sends again only what was not accepted before the error."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.done: set[str] = set()

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        rest = [event for event in events if event.id not in self.done]
        for start in range(0, len(rest), 100):
            super().deliver(rest[start : start + 100], timeout)
            self.done |= {event.id for event in rest[start : start + 100]}


@disowned_by("test_connections_that_the_endpoint_closes_lose_nothing")
class KeepsABrokenConnection(HttpSink):
    """Goes on with a connection that has failed."""

    kept: http.client.HTTPConnection | None = None

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        if self.kept is None:
            self.kept = http.client.HTTPConnection("127.0.0.1", self.options.port, timeout=5)
            self.kept.connect()
            self.kept.auto_open = 0
        self.kept.request("POST", "/kit/events", body)
        response = self.kept.getresponse()
        response.read()
        return response.status, None

    def close(self) -> None:
        if self.kept is not None:
            self.kept.close()
        super().close()


@disowned_by("test_requests_of_threads_are_not_mixed")
class SendsTheEventsOfOthers(HttpSink):
    """Collects the events of all threads for the next request."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.collected: list[Event] = []

    def body(self, events: Sequence[Event]) -> bytes:
        self.collected = [*self.collected, *events][-9:]
        return super().body(self.collected)


@disowned_by("test_each_delivery_is_judged_by_its_own_answer")
class JudgesByTheLastAnswer(HttpSink):
    """Keeps the status in an attribute."""

    status = 200

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        self.status, hint = super().post(body, until)
        return 0, hint

    def judge_status(self, status: int, hint: str | None) -> None:
        time.sleep(0.01)
        super().judge_status(self.status, hint)


@disowned_by("test_slow_answers_to_several_requests_take_the_timeout")
class TimesEachEvent(HttpSink):
    """Sends each event in a request of its own, each with the whole timeout."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        for event in events:
            super().deliver([event], timeout)
