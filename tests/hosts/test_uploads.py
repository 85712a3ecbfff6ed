"""Uploads whose requests reach different hosts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from urllib.parse import urlsplit

import pytest
from support.content import digest_of
from support.services.registry import Registry
from support.wire import Answer, Wire

from .pair import Hosts

MIB = 2**20


def _data(seed: str, size: int) -> bytes:
    return Random(seed).randbytes(size)  # noqa: S311  # content, not a secret


def _push_in_chunks(wire: Wire, repository: str, data: bytes, chunk: int) -> tuple[str, Answer]:
    """Push a blob chunk by chunk. Return the path of the upload and the last response."""
    location = wire.start_upload(repository)
    path = urlsplit(location).path
    for start in range(0, len(data), chunk):
        answer = wire.patch(location, data[start : start + chunk], start)
        assert answer.status == 202, answer
        assert answer.received == min(start + chunk, len(data))
        location = answer.location
    return path, wire.finish(location, digest_of(data))


def _chunks_on(host: Registry, path: str) -> int:
    """Return how many chunks of an upload a host logged as received. The log is written shortly after the response."""
    return sum(f"method=PATCH path={path} status=202" in line for line in host.service.output().splitlines())


def _wait_for_logs(hosts: Sequence[Registry], path: str, chunks: int) -> list[int]:
    end = time.monotonic() + 5
    while sum(counts := [_chunks_on(host, path) for host in hosts]) < chunks and time.monotonic() < end:
        time.sleep(0.05)
    return counts


# Small ones are stored in the host's record, larger ones in the driver's parts, with and without a remainder.
@pytest.mark.parametrize(("size", "chunk"), [(60_000, 10_000), (3_000_000, 500_000), (30 * MIB, 5 * MIB + 1)])
def test_a_blob_with_chunks_on_both_hosts_is_complete(hosts: Hosts, repository: str, size: int, chunk: int) -> None:
    data = _data(repository, size)

    path, answer = _push_in_chunks(hosts.wire, repository, data, chunk)

    assert answer.status == 201, answer
    on_a, on_b = _wait_for_logs(hosts.both, path, -(-size // chunk))
    assert on_a >= 3
    assert on_b >= 3
    assert on_a + on_b == -(-size // chunk)
    for host in hosts.both:
        assert host.wire.hash_of(f"/v2/{repository}/blobs/{digest_of(data)}") == digest_of(data)


def test_many_concurrent_chunked_uploads_are_complete(hosts: Hosts, repository: str) -> None:
    blobs = [_data(f"{repository} {number}", 1_500_000 + number) for number in range(12)]

    with ThreadPoolExecutor(6) as clients:
        answers = clients.map(lambda data: _push_in_chunks(hosts.wire, repository, data, 400_000)[1], blobs)
        assert [answer.status for answer in answers] == [201] * len(blobs)

    for data in blobs:
        for host in hosts.both:
            assert host.wire.hash_of(f"/v2/{repository}/blobs/{digest_of(data)}") == digest_of(data)


def test_the_other_host_reports_the_offset_and_rejects_a_wrong_chunk(hosts: Hosts, repository: str) -> None:
    data = _data(repository, 900_000)
    first = hosts.a.wire.patch(hosts.a.wire.start_upload(repository), data[:400_000], 0)

    assert hosts.b.wire.status(first.location).received == 400_000
    assert hosts.b.wire.patch(first.location, data[500_000:], 500_000).status == 416
    second = hosts.b.wire.patch(first.location, data[400_000:], 400_000)
    assert hosts.a.wire.patch(first.location, data[400_000:], 400_000).status == 416
    assert hosts.a.wire.finish(second.location, digest_of(data)).status == 201
    assert hosts.b.wire.blob(repository, digest_of(data)).body == data


@pytest.mark.parametrize("size", [100_000, 6 * MIB])
def test_of_two_hosts_that_receive_the_same_chunk_one_succeeds(
    hosts: Hosts, repository: str, size: int, thorough: bool
) -> None:
    for number in range(8 if thorough else 4):
        data = _data(f"{repository} {number}", size)
        location = hosts.wire.start_upload(repository)

        with ThreadPoolExecutor(2) as clients:
            patches = [clients.submit(host.wire.patch, location, data, 0) for host in hosts.both]
        answers = [patch.result() for patch in patches]

        assert sorted(answer.status for answer in answers) == [202, 416], answers
        won = next(answer for answer in answers if answer.status == 202)
        assert hosts.wire.finish(won.location, digest_of(data)).status == 201
        assert hosts.wire.hash_of(f"/v2/{repository}/blobs/{digest_of(data)}") == digest_of(data)


def test_an_upload_completed_on_one_host_is_unknown_to_the_other(hosts: Hosts, repository: str) -> None:
    location = hosts.a.wire.start_upload(repository)

    assert hosts.b.wire.request("DELETE", location).status == 204
    assert hosts.a.wire.request("GET", location).status == 404
    assert hosts.a.wire.patch(location, b"data", 0).status == 404
