"""Signatures and request bodies, from the point of view of a receiver."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from support.services.receiver import Receiver

from entrepot_contract import ConfigError
from entrepot_contract.events import Descriptor, Event, Request, Source
from entrepot_notify_webhook import WebhookSink
from entrepot_notify_webhook.signature import signed_headers

LONG = timedelta(seconds=30)
EVENT = Event(
    "push",
    "team/app",
    Descriptor("application/vnd.oci.image.manifest.v1+json", "sha256:" + "0" * 64, 7),
    tag="v1",
    request=Request("1", "127.0.0.1:9", "r", "PUT", "docker/ü"),
    source=Source("r:5000", "i"),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def send(receiver: Receiver, *events: Event, **options: object) -> None:
    """Deliver events through a sink with the given options."""
    sink = WebhookSink.from_config({"url": receiver.url, **options})
    try:
        sink.deliver(events, LONG)
    finally:
        sink.close()


def test_the_signature_matches_the_example_of_the_specification() -> None:
    # The example in the reference libraries of Standard Webhooks.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(("secret", "key"), [("plain", b"plain"), ("whsec_a2V5", b"key")])
def test_a_receiver_can_verify_the_signature(receiver: Receiver, secret: str, key: bytes) -> None:
    send(receiver, EVENT, secret=secret)
    (delivery,) = receiver.taken
    signed = f"{EVENT.id}.{delivery.headers['webhook-timestamp']}.".encode() + delivery.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert delivery.headers["webhook-signature"] == f"v1,{expected}"
    assert delivery.headers["webhook-id"] == EVENT.id
    assert abs(time.time() - int(delivery.headers["webhook-timestamp"])) < 120


def test_configured_headers_are_sent(receiver: Receiver) -> None:
    send(receiver, EVENT, headers={"X-One": "a", "Authorization": ["Bearer b"]})
    assert receiver.taken[0].headers["x-one"] == "a"
    assert receiver.taken[0].headers["authorization"] == "Bearer b"


def test_several_events_share_one_envelope(receiver: Receiver) -> None:
    other = Event("delete", "team/app", tag="v0")
    send(receiver, EVENT, other)
    assert receiver.ids == [EVENT.id, other.id]
    assert receiver.taken[0].headers["content-type"] == "application/vnd.docker.distribution.events.v2+json"


def test_cloud_events_are_sent_one_by_one_or_as_a_batch(receiver: Receiver) -> None:
    send(receiver, EVENT, format="cloudevents")
    send(receiver, EVENT, Event("delete", "team/app", tag="v0"), format="cloudevents")
    one, batch = receiver.taken
    assert one.headers["content-type"] == "application/cloudevents+json"
    assert batch.headers["content-type"] == "application/cloudevents-batch+json"
    first = json.loads(one.body)
    assert json.loads(batch.body)[0] == first
    assert {name: first[name] for name in ("specversion", "id", "source", "type", "subject")} == {
        "specversion": "1.0",
        "id": EVENT.id,
        "source": "//r:5000",
        "type": "io.entrepot.push.v1",
        "subject": "team/app:v1@sha256:" + "0" * 64,
    }
    assert first["data"]["request"]["useragent"] == "docker/ü"


@pytest.mark.parametrize("event", [EVENT, Event("delete", "team/app", tag="v0")])
def test_the_cloudevents_sdk_parses_a_delivery(receiver: Receiver, event: Event) -> None:
    send(receiver, event, format="cloudevents")
    (delivery,) = receiver.taken
    read = from_http_event(HTTPMessage(dict(delivery.headers), delivery.body))  # raises if an attribute is invalid
    assert read.get_id() == event.id
    assert read.get_time() == event.timestamp
    assert read.get_datacontenttype() == "application/json"
    data = read.get_data()
    assert isinstance(data, dict)
    assert data["target"]["repository"] == "team/app"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "ftp://x/"},
        {"url": "http://"},
        {"url": "http://x/", "format": "xml"},
        {"url": "http://x/", "secret": ""},
        {"url": "http://x/", "secret": "whsec_!"},
        {"url": "http://x/", "certificate": "c"},
        {"url": "http://x/", "headers": {"A B": "c"}},
        {"url": "http://x/", "headers": {"A": "b\nc"}},
        {"url": "http://x/", "headers": {"Content-Type": "b"}},
        {"url": "https://x/", "ca": "/nowhere.pem"},
        {"url": "https://x/", "certificate": "/nowhere.pem", "key": "/nowhere.key"},
        {"url": "http://x/", "uri": "http://x/"},
    ],
)
def test_invalid_options_are_config_errors(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        WebhookSink.from_config(options)
