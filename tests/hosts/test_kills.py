"""Kill -9 of one host while clients push through haproxy: their retries succeed, and every digest is right."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from random import Random

from services.client import ClientError
from services.containers import Skopeo
from services.images import OciLayout, package, random_files
from services.push import missing_parts

from .pair import Hosts
from .persistent import PersistentClient

CLIENTS = 3
KILLS = 4


def test_a_kill_of_one_host_costs_its_clients_a_retry_and_nothing_else(hosts: Hosts, repository: str) -> None:
    clients = [PersistentClient(hosts.wire, f"{repository}/{number}") for number in range(CLIENTS)]
    random = Random(repository)  # noqa: S311  # moments, not secrets

    for client in clients:
        client.start()
    for number in range(KILLS):
        # haproxy needs a second to see that the one killed before is there again.
        time.sleep(random.uniform(1.2, 2))
        host = hosts.both[number % 2]
        host.service.kill()
        host.start()
    for client in clients:
        client.stop()

    assert sum(client.failures for client in clients) >= KILLS // 2, "the kills met no pushes: this shows nothing"
    for client in clients:
        assert client.pushed
        for host in hosts.both:
            assert host.wire.tags(client.repository) == sorted(f"v{number}" for number in range(len(client.pushed)))
            for number, image in enumerate(client.pushed):
                assert missing_parts(host.wire, client.repository, image, f"v{number}") == []


def test_skopeo_pushes_again_what_a_kill_broke_off(hosts: Hosts, skopeo: Skopeo, repository: str, folder: Path) -> None:
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
        hosts.a.start()

    for host in hosts.both:
        assert missing_parts(host.wire, repository, layers, "v1") == []
    skopeo.copy(f"docker://{hosts.front.address}/{repository}:v1", f"dir:{folder}/back")
