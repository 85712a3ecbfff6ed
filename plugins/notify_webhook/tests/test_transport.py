"""Deliveries to real servers that accept, reject, hang, misbehave and stop."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.services.receiver import Mood, Receiver

from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, SinkError, Undelivered
from entrepot_notify_webhook import WebhookSink

LONG = timedelta(seconds=30)
SHORT = timedelta(seconds=0.5)

Opener = Callable[..., WebhookSink]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def open_sink() -> Iterator[Opener]:
    """A function that opens a sink, which is closed after the test."""
    opened = []

    def one(**options: object) -> WebhookSink:
        opened.append(WebhookSink.from_config(options))
        return opened[-1]

    yield one
    for sink in opened:
        sink.close()


def event() -> Event:
    """Return an arbitrary event."""
    return Event("push", "team/app", tag="v1")


def test_one_connection_is_reused_for_all_deliveries(receiver: Receiver, open_sink: Opener) -> None:
    sink = open_sink(url=receiver.url)
    for _ in range(50):
        sink.deliver([event()], LONG)
    assert len(receiver.taken) == 50
    assert receiver.connections == 1


def test_a_connection_closed_by_the_server_loses_no_event(receiver: Receiver, open_sink: Opener) -> None:
    sink = open_sink(url=receiver.url)
    sink.deliver([event()], LONG)
    receiver.stop()
    with pytest.raises(Undelivered):
        sink.deliver([event()], LONG)
    receiver.start()
    sink.deliver([event()], LONG)
    assert len(receiver.taken) == 2


@pytest.mark.parametrize("mood", ["hangs", "drips", "garbage", "cuts"])
def test_a_hanging_or_malformed_response_can_be_retried(receiver: Receiver, open_sink: Opener, mood: Mood) -> None:
    sink = open_sink(url=receiver.url)
    receiver.mood = mood
    began = time.monotonic()
    with pytest.raises(Undelivered):
        sink.deliver([event()], SHORT)
    assert time.monotonic() - began < 20  # and not the minute for which the server hangs or drips
    receiver.mood = "takes"
    sink.deliver([event()], LONG)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 304, 303])
def test_other_statuses_can_be_retried(receiver: Receiver, open_sink: Opener, status: int) -> None:
    receiver.mood, receiver.status = "answers", status
    with pytest.raises(Undelivered, match=f"answered {status}"):
        open_sink(url=receiver.url).deliver([event()], LONG)


@pytest.mark.parametrize("status", [400, 410, 413, 415, 422])
def test_permanent_statuses_are_rejections(receiver: Receiver, open_sink: Opener, status: int) -> None:
    receiver.mood, receiver.status = "answers", status
    with pytest.raises(Rejected, match=f"answered {status}"):
        open_sink(url=receiver.url).deliver([event()], LONG)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("-5", 0, 0),
        ("999999999999999999999", None, None),
        ("86400", 3600, 3600),
        ("in ten minutes", 300, 600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0),
        ("soon", None, None),
    ],
)
def test_retry_after_is_passed_on(
    receiver: Receiver, open_sink: Opener, value: str, least: float | None, most: float | None
) -> None:
    if value == "in ten minutes":
        value = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    receiver.mood, receiver.status, receiver.headers = "answers", 429, {"Retry-After": value}
    with pytest.raises(Undelivered) as caught:
        open_sink(url=receiver.url).deliver([event()], LONG)
    after = caught.value.retry_after
    if least is None or most is None:
        assert after is None
    else:
        assert after is not None
        assert least <= after.total_seconds() <= most


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_on_the_same_host_is_followed_with_the_body(
    receiver: Receiver, open_sink: Opener, status: int
) -> None:
    receiver.mood, receiver.status, receiver.headers = "answers", status, {"Location": "/elsewhere"}
    with pytest.raises(Undelivered, match="redirected more than 5 times"):
        open_sink(url=receiver.url).deliver([event()], LONG)
    assert [one.path for one in receiver.seen] == ["/events", *["/elsewhere"] * 5]
    assert len({one.body for one in receiver.seen}) == 1


def test_a_redirect_to_another_host_is_not_followed(receiver: Receiver, open_sink: Opener) -> None:
    with Receiver() as other:
        receiver.mood, receiver.status, receiver.headers = "answers", 302, {"Location": other.url}
        with pytest.raises(Undelivered, match="is not followed"):
            open_sink(url=receiver.url, headers={"Authorization": ["Bearer abc"]}).deliver([event()], LONG)
        assert other.seen == []


def test_a_refused_connection_can_be_retried(open_sink: Opener) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Undelivered, match=r"^delivery to http"):
            open_sink(url=f"http://127.0.0.1:{unused.getsockname()[1]}/").deliver([event()], LONG)


def test_no_secret_is_in_logs_or_errors(
    receiver: Receiver, open_sink: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    port = receiver.port
    sink = open_sink(
        url=f"http://user:pass-word@127.0.0.1:{port}/path-token?key=query-token",
        headers={"Authorization": ["Bearer header-token"]},
        secret="signing-token",  # noqa: S106 - of a test
    )
    output = [repr(sink), str(sink)]
    sink.deliver([event()], LONG)
    assert receiver.taken[0].headers["authorization"] == "Bearer header-token"
    receiver.mood = "answers"
    for status in (500, 400, 302):
        receiver.status = status
        receiver.headers = {"Location": "http://127.0.0.2/"}
        with pytest.raises(SinkError) as caught:
            sink.deliver([event()], LONG)
        output.append(repr(caught.value))
    receiver.stop()
    with pytest.raises(SinkError) as caught:
        sink.deliver([event()], LONG)
    output += [repr(caught.value), *(record.getMessage() for record in caplog.records)]
    for secret in ("pass-word", "path-token", "query-token", "header-token", "signing-token"):
        assert secret not in " ".join(output)
