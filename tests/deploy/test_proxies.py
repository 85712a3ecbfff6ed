"""A registry behind haproxy or nginx, configured as in the examples, behaves like one without a proxy."""

from __future__ import annotations

import time
from random import Random

from support.content import digest_of
from support.images import package, random_files
from support.push import missing_parts, push_image
from support.services.registry import Registry
from support.wire import frame, with_digest

MIB = 2**20


def test_an_image_is_pulled_unchanged(front: Registry, repository: str) -> None:
    image = package(random_files(repository, 20, 400_000, 9_000_000))

    push_image(front.wire, repository, image, "v1")

    assert missing_parts(front.wire, repository, image, "v1") == []


def test_urls_point_to_the_proxy(front: Registry, repository: str) -> None:
    answer = front.wire.request("POST", f"/v2/{repository}/blobs/uploads/")

    assert answer.headers["location"].startswith(f"http://{front.address}/v2/{repository}/blobs/uploads/")


def test_a_body_reaches_the_host_before_it_is_complete(front: Registry, repository: str) -> None:
    data = Random(repository).randbytes(6 * MIB)  # noqa: S311  # content, not a secret
    location = front.wire.start_upload(repository)
    exchange = front.wire.begin("PATCH", location, len(data))
    exchange.send(data[: 4 * MIB])
    time.sleep(0.5)
    exchange.close()

    end = time.monotonic() + 10
    while not (status := front.wire.status(location)).received:
        assert time.monotonic() < end, "the proxy buffered the body"
        time.sleep(0.05)
    rest = front.wire.patch(status.location, data[status.received :], status.received)
    assert front.wire.finish(rest.location, digest_of(data)).status == 201


def test_the_proxy_does_not_limit_the_body_size(front: Registry, repository: str) -> None:
    data = Random(repository).randbytes(96 * MIB)  # noqa: S311  # content, not a secret

    assert front.wire.push_blob(repository, data).status == 201
    assert front.wire.hash_of(f"/v2/{repository}/blobs/{digest_of(data)}") == digest_of(data)


def test_a_body_of_unknown_length_is_forwarded(front: Registry, repository: str) -> None:
    body = b"in chunks of unknown number"
    target = with_digest(front.wire.start_upload(repository), digest_of(body))
    answer = front.wire.exchange(frame("PUT", target, {"Host": front.address}, body, chunked=True, declared=0))
    assert answer is not None
    assert answer.status == 201

    assert front.wire.blob(repository, digest_of(body)).body == body
