"""Clients that send wrong lengths, stall, or interfere with each other."""

from __future__ import annotations

import socket
import ssl
import time
from random import Random

import pytest
from support.content import OCI_MANIFEST, digest_of
from support.images import package
from support.push import push_image
from support.services.network import HOST
from support.services.registry import Registry
from support.wire import Answer, Exchange, WireError, with_digest

MIB = 2**20


def _send_too_little(exchange: Exchange, data: bytes) -> Answer | None:
    """Send fewer bytes than announced. Return None if the server closes without a response."""
    exchange.send(data)
    exchange.end_sending()
    try:
        return exchange.answer()
    except WireError:
        return None


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_blob_shorter_than_its_content_length_is_rejected(
    steady_host: Registry, repository: str, method: str
) -> None:
    data = Random(method).randbytes(100_000)  # noqa: S311  # content, not a secret
    location = steady_host.wire.start_upload(repository) if method == "PUT" else f"/v2/{repository}/blobs/uploads/"

    exchange = steady_host.wire.begin(method, with_digest(location, digest_of(data)), len(data) + 10)
    answer = _send_too_little(exchange, data)

    assert answer is None or 400 <= answer.status < 500, answer
    assert steady_host.wire.blob(repository, digest_of(data)).status == 404
    assert steady_host.wire.push_blob(repository, data).status == 201


def test_a_chunk_shorter_than_its_content_length_is_rejected(steady_host: Registry, repository: str) -> None:
    data = b"x" * 100_000
    location = steady_host.wire.start_upload(repository)

    answer = _send_too_little(steady_host.wire.begin("PATCH", location, len(data) + 10), data)

    assert answer is None or 400 <= answer.status < 500, answer
    status = steady_host.wire.status(location)
    assert status.received in {0, len(data)}
    answer = steady_host.wire.finish(status.location, digest_of(data), data[status.received :])
    assert answer.status == 201, answer


def test_a_manifest_shorter_than_its_content_length_is_rejected(steady_host: Registry, repository: str) -> None:
    image = package([b"content"])
    push_image(steady_host.wire, repository, image, "complete")

    exchange = steady_host.wire.begin(
        "PUT", f"/v2/{repository}/manifests/short", len(image.manifest) + 10, {"Content-Type": OCI_MANIFEST}
    )
    answer = _send_too_little(exchange, image.manifest)

    assert answer is None or 400 <= answer.status < 500, answer
    assert steady_host.wire.tags(repository) == ["complete"]


def test_a_tls_handshake_on_a_plain_port_is_answered_immediately(steady_host: Registry) -> None:
    context = ssl.create_default_context()
    with socket.create_connection((HOST, steady_host.port), timeout=2) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname=HOST)
    assert steady_host.answers()


def test_stalled_clients_do_not_block_others(steady_host: Registry, repository: str) -> None:
    data = b"y" * MIB
    stalled = []
    for _ in range(12):
        exchange = steady_host.wire.begin("PATCH", steady_host.wire.start_upload(repository), len(data))
        exchange.send(data[: MIB // 2])
        stalled.append(exchange)
    time.sleep(0.5)

    start = time.monotonic()
    for number in range(5):
        blob = b"%d" % number
        assert steady_host.wire.push_blob(repository, blob).status == 201
        assert steady_host.wire.blob(repository, digest_of(blob)).body == blob
    assert time.monotonic() - start < 10

    for exchange in stalled:
        exchange.send(data[MIB // 2 :])
    assert [exchange.answer().status for exchange in stalled] == [202] * len(stalled)


def test_of_two_concurrent_appends_to_one_upload_one_succeeds(steady_host: Registry, repository: str) -> None:
    for attempt in range(6):
        bodies = [bytes([attempt, number]) * (MIB // 2) for number in range(2)]
        location = steady_host.wire.start_upload(repository)
        exchanges = [steady_host.wire.begin("PATCH", location, len(body)) for body in bodies]
        for half in (slice(None, MIB // 2), slice(MIB // 2, None)):
            for exchange, body in zip(exchanges, bodies, strict=True):
                exchange.send_refusable(body[half])
        answers = [exchange.answer() for exchange in exchanges]

        assert sorted(answer.status for answer in answers) == [202, 416], answers
        winner = 0 if answers[0].status == 202 else 1
        digest = digest_of(bodies[winner])
        finished = steady_host.wire.finish(answers[winner].location, digest)
        assert finished.status == 201, finished
        assert steady_host.wire.blob(repository, digest).body == bodies[winner]
