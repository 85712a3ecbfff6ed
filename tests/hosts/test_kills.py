"""Kill -9 of one host while clients push through haproxy: retries succeed, and every digest is correct."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from random import Random

from support.client import ClientError
from support.containers import Skopeo
from support.content import digest_of
from support.images import OciLayout, package, random_files
from support.push import missing_parts
from support.services.registry import Registry
from support.wire import Exchange, WireError

from .pair import Hosts
from .persistent import PersistentClient

MIB = 2**20
CLIENTS = 3
KILLS = 4
MAX_KILLS = 30


def test_an_upload_resumes_where_the_killed_host_stopped(hosts: Hosts, repository: str) -> None:
    blobs = random_files(repository, 12 * MIB, 12 * MIB)
    locations = [hosts.wire.patch(hosts.wire.start_upload(repository), blob[: 2 * MIB], 0).location for blob in blobs]

    # Requests alternate between the hosts, so one of two reaches the host that is killed.
    running = [hosts.wire.begin("PATCH", location, 10 * MIB) for location in locations]
    for exchange, blob in zip(running, blobs, strict=True):
        exchange.send(blob[2 * MIB : 7 * MIB])
    time.sleep(0.3)
    hosts.a.service.kill()
    taken = [_finish(exchange, blob[7 * MIB :]) for exchange, blob in zip(running, blobs, strict=True)]
    for location, blob in zip(locations, blobs, strict=True):
        status = hosts.wire.status(location)
        assert status.received >= 2 * MIB
        rest = hosts.wire.patch(status.location, blob[status.received :], status.received)
        assert hosts.wire.finish(rest.location, digest_of(blob)).status == 201
    _restart(hosts.a)

    assert sorted(taken) == [False, True]
    for host in hosts.both:
        for blob in blobs:
            assert host.wire.hash_of(f"/v2/{repository}/blobs/{digest_of(blob)}") == digest_of(blob)


def _finish(exchange: Exchange, rest: bytes) -> bool:
    """Send the remaining bytes and return whether a host received all of them."""
    try:
        exchange.send_refusable(rest)
        return exchange.answer().status == 202
    except WireError:
        return False


def _restart(host: Registry) -> None:
    host.start()
    time.sleep(0.5)  # haproxy checks the hosts every 0.2 s


def test_after_a_kill_of_one_host_clients_only_need_to_retry(hosts: Hosts, repository: str) -> None:
    clients = [PersistentClient(hosts.wire, f"{repository}/{number}") for number in range(CLIENTS)]
    random = Random(repository)  # noqa: S311  # delays, not secrets

    for client in clients:
        client.start()
    kills = 0
    # A kill between two requests interrupts none. Repeat until enough kills have interrupted a request.
    while kills < KILLS or sum(client.failures for client in clients) < KILLS // 2:
        assert kills < MAX_KILLS, "no push was interrupted by a kill, so this test proves nothing"
        time.sleep(random.uniform(0, 0.5))
        host = hosts.both[kills % 2]
        host.service.kill()
        _restart(host)
        kills += 1
    for client in clients:
        client.stop()

    for client in clients:
        assert client.pushed
        for host in hosts.both:
            assert host.wire.tags(client.repository) == sorted(f"v{number}" for number in range(len(client.pushed)))
        for number, image in enumerate(client.pushed):
            host = hosts.both[number % 2]
            assert missing_parts(host.wire, client.repository, image, f"v{number}") == []


def test_skopeo_retries_a_push_that_a_kill_interrupted(
    hosts: Hosts, skopeo: Skopeo, repository: str, folder: Path
) -> None:
    layout = OciLayout(folder / "mine")
    layers = package(random_files(repository, *[12_000_000] * 6))
    image = layout.add("v1", layers)
    killer = threading.Timer(0.6, hosts.a.service.kill)

    killer.start()
    try:
        try:
            skopeo.copy(image, f"docker://{hosts.front.address}/{repository}:v1")
        except ClientError:
            skopeo.copy(image, f"docker://{hosts.front.address}/{repository}:v1")
    finally:
        killer.join()
        _restart(hosts.a)

    for host in hosts.both:
        assert missing_parts(host.wire, repository, layers, "v1") == []
    skopeo.copy(f"docker://{hosts.front.address}/{repository}:v1", f"dir:{folder}/back")
