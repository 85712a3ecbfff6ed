"""Tests with answers of an HTTP endpoint of the kit, for sinks whose suite defines ``at_url``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import pytest

from entrepot_contract.notify import Rejected, Undelivered
from entrepot_contract.options import parse_options
from entrepot_contract.testing.notify.base import AtUrl, Opener, SinkBase
from entrepot_contract.testing.notify.calling import PATIENCE, SLACK, call, refusal_of
from entrepot_contract.testing.notify.endpoint import Answer, Endpoint, Manner
from entrepot_contract.testing.notify.kinds import BIG, some
from entrepot_contract.testing.notify.refusing import IN_TIME, LATER, NOTHING_ELSE, UNREACHABLE, in_time
from entrepot_contract.testing.notify.secrecy import NO_SECRET
from entrepot_contract.testing.secrets import chain, said, secrets_of, shows
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["ACCEPTED", "StatusContract"]

ACCEPTED: Final = "An HTTP endpoint accepts the events of a request with a status of 2xx, and with no other one."
REDIRECTED: Final = "Secrets of the options are sent to the endpoint that they name, not to one that it redirects to."
HINT: Final = "``retry_after`` is how long the endpoint asks to wait before the next attempt, if it sent a hint."
SUCCESS: Final = (200, 201, 202, 203, 204, 206, 207, 208, 226, 299)
LATER_ONES: Final = (408, 429, 500, 502, 503, 504)
NO_SUCCESS: Final = (300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 418, 422, 451)
BROKEN: Final[tuple[Manner, ...]] = ("hangs-up", "cuts-the-answer", "garbage")
SLOW: Final[tuple[Manner, ...]] = ("hangs", "drips", "drips-the-body")
ODD_HINTS: Final = ("soon", "-5", "", "9" * 30, "7, 8", "1.5", "Thu, 99 Foo 2099 00:00:00 GMT", "nan", "\u00e9")


class StatusContract(SinkBase):
    """Tests of statuses, hints, redirects, and answers that are slow or broken."""

    @pytest.fixture
    def endpoint(self) -> Iterator[Endpoint]:
        """An endpoint that accepts everything until a test says otherwise."""
        with Endpoint() as endpoint:
            yield endpoint

    @sentence("deliver", ACCEPTED)
    @needs("at_url")
    def test_a_status_of_success_and_no_other_one_is_acceptance(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint
    ) -> None:
        sink = open_sink(at_url(endpoint.url))
        for status in SUCCESS:
            endpoint.always(Answer(status))
            error = call(sink, some(2), PATIENCE).error
            assert error is None, f"deliver raised {type(error).__name__} although the endpoint answered {status}"
        for status in (*LATER_ONES, *NO_SUCCESS):
            endpoint.always(Answer(status))
            error = call(sink, some(2), PATIENCE).error
            assert error is not None, f"deliver returned although the endpoint answered {status}"
            assert isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__} after a {status}"
        endpoint.always(Answer())
        sent = some(1)
        sink.deliver(sent, PATIENCE)
        assert endpoint.ids([sent[0].id]) == [sent[0].id], "nothing is delivered any more after answers that are errors"

    @sentence("Undelivered", LATER)
    @needs("at_url")
    def test_a_status_that_may_change_raises_undelivered(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint
    ) -> None:
        sink = open_sink(at_url(endpoint.url))
        for status in LATER_ONES:
            endpoint.always(Answer(status))
            error = refusal_of(sink, some(1), PATIENCE)
            assert type(error) is Undelivered, f"an endpoint that answers {status} may accept the events later"

    @sentence("Undelivered", HINT)
    @needs("at_url")
    def test_a_wait_that_is_asked_for_is_passed_on(self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint) -> None:
        sink = open_sink(at_url(endpoint.url))
        for status in (429, 503):
            for text, least, most in (("7", 7, 7), ("120", 120, 120), ("0", 0, 0), (_in(90), 60, 91), (_in(-90), 0, 0)):
                endpoint.always(Answer(status, {"Retry-After": text}))
                error = refusal_of(sink, some(1), PATIENCE)
                assert isinstance(error, Undelivered), f"deliver raised {type(error).__name__} after a {status}"
                wait = error.retry_after
                assert wait is not None, f"a {status} with Retry-After: {text} has no retry_after"
                assert least <= wait.total_seconds() <= most, f"Retry-After: {text} became {wait.total_seconds()} s"
            for text in ODD_HINTS:
                endpoint.always(Answer(status, {"Retry-After": text}))
                error = refusal_of(sink, some(1), PATIENCE)
                assert isinstance(error, Undelivered), f"deliver raised {type(error).__name__} after a {status}"
                assert error.retry_after is None or error.retry_after >= timedelta(), (
                    f"Retry-After: {text!r} is negative"
                )
            endpoint.always(Answer(status))
            error = refusal_of(sink, some(1), PATIENCE)
            assert isinstance(error, Undelivered)
            assert error.retry_after is None, f"a {status} without a hint has a retry_after, from an answer before"

    @sentence("deliver", REDIRECTED)
    @sentence("deliver", ACCEPTED)
    @needs("at_url")
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_takes_no_secret_elsewhere_and_loses_no_event(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint, status: int
    ) -> None:
        with Endpoint("127.0.0.2") as stranger:
            config = at_url(endpoint.url)
            sink, sent = open_sink(config), some(2)
            secrets = secrets_of(parse_options(self.sink_class.Options, config, driver=self.sink_class.name))
            for target in (stranger.url, f"//127.0.0.2:{stranger.port}/"):
                endpoint.always(Answer(status, {"Location": target}))
                error = call(sink, sent, PATIENCE).error
                _refused_or_moved(error, stranger, [event.id for event in sent], f"a {status} to another host")
            for asked in stranger.asked:
                assert not shows(asked.whole(), secrets), f"a {status} takes a secret of the options to another host"
        moved = "/kit/elsewhere"
        endpoint.decide = lambda _, path: Answer() if path == moved else Answer(status, {"Location": moved})
        error = call(sink, sent, PATIENCE).error
        _refused_or_moved(error, endpoint, [event.id for event in sent], f"a {status} to another path")
        endpoint.always(Answer(status, {"Location": endpoint.url}))
        error = call(sink, sent, timedelta(seconds=5)).error
        assert isinstance(error, Undelivered | Rejected), f"an endless redirect raised {type(error).__name__}"

    @sentence("deliver", UNREACHABLE)
    @sentence("deliver", NOTHING_ELSE)
    @needs("at_url")
    @pytest.mark.parametrize("manner", BROKEN)
    def test_a_broken_answer_raises_undelivered(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint, manner: Manner
    ) -> None:
        sink = open_sink(at_url(endpoint.url))
        for keep in (True, False):
            endpoint.always(Answer(manner=manner, keep=keep))
            error = refusal_of(sink, some(2), PATIENCE)
            assert type(error) is Undelivered, f"an endpoint that sends no whole answer ({manner}) raised Rejected"
            endpoint.always(Answer())
            sent = some(1)
            sink.deliver(sent, PATIENCE)
            assert endpoint.ids([sent[0].id]) == [sent[0].id], f"nothing arrives after a broken answer ({manner})"

    @sentence("deliver", IN_TIME)
    @needs("at_url")
    @pytest.mark.parametrize("manner", SLOW)
    @pytest.mark.parametrize("size", ["one", "many"])
    def test_a_slow_answer_takes_the_timeout(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint, manner: Manner, size: str
    ) -> None:
        endpoint.always(Answer(manner=manner))
        ended = in_time(open_sink, at_url(endpoint.url), some(1) if size == "one" else BIG[:20], timedelta(seconds=1))
        assert ended.late <= SLACK
        if manner != "drips-the-body":  # whose status has arrived
            assert isinstance(ended.error, Undelivered), (
                f"an endpoint that {manner} raised {type(ended.error).__name__}"
            )

    @sentence("deliver", IN_TIME)
    @needs("at_url")
    def test_slow_answers_to_several_requests_take_the_timeout(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint
    ) -> None:
        endpoint.always(Answer(delay=0.4))
        error = in_time(open_sink, at_url(endpoint.url), some(10), timedelta(seconds=1)).error
        assert error is None or isinstance(error, Undelivered), f"slow answers raised {type(error).__name__}"

    @sentence("SinkError", NO_SECRET)
    @needs("at_url")
    def test_an_answer_that_shows_the_request_is_not_shown(
        self, open_sink: Opener, at_url: AtUrl, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        config = at_url(endpoint.url)
        secrets = secrets_of(parse_options(self.sink_class.Options, config, driver=self.sink_class.name))
        sink = open_sink(config)
        for status in (400, 401, 403, 422, 500, 503):
            endpoint.always(Answer(status, manner="echoes"))
            error = refusal_of(sink, some(1), PATIENCE)
            text = " ".join(f"{link!s} {link!r} {getattr(link, '__notes__', '')}" for link in chain(error))
            assert not shows(text, secrets), f"the error after a {status} shows a secret that the endpoint sent back"
        assert not shows(said(caplog.records), secrets), "a log record shows a secret that the endpoint sent back"


def _in(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def _refused_or_moved(error: BaseException | None, moved: Endpoint, ids: list[str], what: str) -> None:
    """Check that a redirect was either refused, or followed with all events."""
    if error is None:
        taken = set(moved.ids(ids))
        assert taken == set(ids), f"deliver returned after {what}, but the events did not arrive there"
    else:
        assert isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__} after {what}"
