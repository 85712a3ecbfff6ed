"""Memory use does not depend on the size of blobs, and only little on the number of clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.large import LargeBlobs
from support.memory import peak_of, sampled_peak
from support.services.entrepot import SERVERS, entrepot
from support.services.registry import Registry, write_config

MB = 10**6
BLOBS = LargeBlobs(256)

StartHost = Callable[[str, int], Registry]


@pytest.fixture
def start_host(folder: Path) -> Iterator[StartHost]:
    """Start entrepot with a server and a number of workers (0 means the server's default)."""
    started = []

    def start(server: str, workers: int) -> Registry:
        config = write_config(folder / "config.yml", folder / "data", http={"workers": workers})
        started.append(entrepot(config, folder / "host", server=server))
        started[-1].start()
        return started[-1]

    yield start
    for host in started:
        host.stop()


@pytest.mark.parametrize("server", SERVERS)
def test_one_worker_pushes_and_pulls_256_mib_with_less_than_120_mb(start_host: StartHost, server: str) -> None:
    host = start_host(server, 1)
    digest = BLOBS.digest(0)

    assert BLOBS.push(host.wire, "large", 0).status == 201
    assert host.wire.hash_of(f"/v2/large/blobs/{digest}") == digest

    peaks = {pid: peak_of(pid) for pid in host.service.pids()}
    assert max(peaks.values()) < 120 * MB, peaks


@pytest.mark.slow
def test_16_concurrent_pushes_of_256_mib_need_at_most_200_mb(start_host: StartHost) -> None:
    host = start_host("granian", 0)

    with sampled_peak(host.service.pids) as peak, ThreadPoolExecutor(16) as clients:
        pushes = [clients.submit(BLOBS.push, host.wire, f"large/{number}", number) for number in range(16)]
        answers = [push.result() for push in pushes]

    assert [answer.status for answer in answers] == [201] * 16
    assert peak.samples > 10
    assert peak.bytes <= 200 * MB, f"{peak.bytes / MB:.0f} MB"
