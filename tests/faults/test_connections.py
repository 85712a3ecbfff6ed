"""Clients that lie about lengths, stall, or get in each other's way."""

from __future__ import annotations

import socket
import ssl
import time
from random import Random

import pytest
from services.images import package
from services.network import HOST
from services.push import push_image
from services.registry import Registry
from services.wire import OCI_MANIFEST, Answer, Exchange, WireError, digest_of, with_digest

MIB = 2**20


def _cut_short(exchange: Exchange, data: bytes) -> Answer | None:
    """Send less than was promised; None where the server just closes."""
    exchange.send(data)
    exchange.end_sending()
    try:
        return exchange.answer()
    except WireError:
        return None


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_blob_shorter_than_its_content_length_is_no_success(host: Registry, method: str) -> None:
    data = Random(method).randbytes(100_000)  # noqa: S311  # content, not a secret
    location = host.wire.start_upload("app") if method == "PUT" else "/v2/app/blobs/uploads/"

    exchange = host.wire.begin(method, with_digest(location, digest_of(data)), len(data) + 10)
    answer = _cut_short(exchange, data)

    assert answer is None or 400 <= answer.status < 500, answer
    assert host.wire.blob("app", digest_of(data)).status == 404
    assert host.wire.push_blob("app", data).status == 201


def test_a_chunk_shorter_than_its_content_length_is_no_success(host: Registry) -> None:
    data = b"x" * 100_000
    location = host.wire.start_upload("app")

    answer = _cut_short(host.wire.begin("PATCH", location, len(data) + 10), data)

    assert answer is None or 400 <= answer.status < 500, answer
    status = host.wire.status(location)
    assert status.received in {0, len(data)}
    answer = host.wire.finish(status.location, digest_of(data), data[status.received :])
    assert answer.status == 201, answer


def test_a_manifest_shorter_than_its_content_length_is_no_success(host: Registry) -> None:
    image = package([b"content"])
    push_image(host.wire, "app", image, "whole")

    exchange = host.wire.begin(
        "PUT", "/v2/app/manifests/short", len(image.manifest) + 10, {"Content-Type": OCI_MANIFEST}
    )
    answer = _cut_short(exchange, image.manifest)

    assert answer is None or 400 <= answer.status < 500, answer
    assert host.wire.tags("app") == ["whole"]


def test_a_client_that_tries_tls_first_is_answered_at_once(host: Registry) -> None:
    context = ssl.create_default_context()
    with socket.create_connection((HOST, host.port), timeout=2) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname=HOST)
    assert host.answers()


def test_stalled_clients_stop_nobody_else(host: Registry) -> None:
    data = b"y" * MIB
    stalled = []
    for _ in range(12):
        exchange = host.wire.begin("PATCH", host.wire.start_upload("app"), len(data))
        exchange.send(data[: MIB // 2])
        stalled.append(exchange)
    time.sleep(0.5)

    start = time.monotonic()
    for number in range(5):
        blob = b"%d" % number
        assert host.wire.push_blob("app", blob).status == 201
        assert host.wire.blob("app", digest_of(blob)).body == blob
    assert time.monotonic() - start < 10

    for exchange in stalled:
        exchange.send(data[MIB // 2 :])
    assert [exchange.answer().status for exchange in stalled] == [202] * len(stalled)


def test_of_two_clients_that_append_to_one_upload_at_once_one_wins(host: Registry) -> None:
    for attempt in range(6):
        bodies = [bytes([attempt, number]) * (MIB // 2) for number in range(2)]
        location = host.wire.start_upload("app")
        exchanges = [host.wire.begin("PATCH", location, len(body)) for body in bodies]
        for half in (slice(None, MIB // 2), slice(MIB // 2, None)):
            for exchange, body in zip(exchanges, bodies, strict=True):
                exchange.send(body[half])
        answers = [exchange.answer() for exchange in exchanges]

        assert sorted(answer.status for answer in answers) == [202, 416], answers
        winner = 0 if answers[0].status == 202 else 1
        digest = digest_of(bodies[winner])
        finished = host.wire.finish(answers[winner].location, digest)
        assert finished.status == 201, finished
        assert host.wire.blob("app", digest).body == bodies[winner]
