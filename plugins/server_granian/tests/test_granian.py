"""granian does what every server must, and what only it can."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from host.tests.server import stalls
from host.tests.server.cases import ServerCases
from host.tests.server.running import Running, eventually
from host.tests.server.worker_cases import WorkerCases


class TestGranian(ServerCases, WorkerCases):
    name = "granian"
    tells_broken_chunks = False


@pytest.mark.parametrize("spoken", [True, False])
def test_http2_is_spoken_where_it_is_configured(tmp_path: Path, spoken: bool) -> None:
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"
    with Running("granian", tmp_path / "run", extra={"http2": spoken}) as server, server.connect() as connection:
        connection.sendall(preface + settings)
        assert (connection.recv(100)[3:4] == b"\4") is spoken  # the server's own SETTINGS frame


def test_a_client_may_send_4_mib_over_http2_before_it_waits(tmp_path: Path) -> None:
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"
    with Running("granian", tmp_path / "run", extra={"http2": True}) as server, server.connect() as connection:
        connection.sendall(preface + settings)
        received = b""
        while b"\0\0\4\x08\0\0\0\0\0" not in received:  # WINDOW_UPDATE of the connection (RFC 9113, 6.9)
            received += connection.recv(100)
        length = int.from_bytes(received[:3])
        found = [received[9 + start : 15 + start] for start in range(0, length, 6)]
        assert b"\0\4" + (4 * 2**20).to_bytes(4) in found  # SETTINGS_INITIAL_WINDOW_SIZE (6.5.2)
        increment = received.partition(b"\0\0\4\x08\0\0\0\0\0")[2][:4]
        assert int.from_bytes(increment) == 4 * 2**20 - 65_535


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", workers=2) as server:
        server.get("/nothing")
        workers = server.workers()
        server.process.kill()
        assert eventually(lambda: not any(is_running(worker) for worker in workers))
        # A process of many threads may seem to have ended before the last of them has closed its files.
        assert eventually(lambda: refuses(server), seconds=5)


def test_its_threads_are_made_when_requests_need_them(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", workers=1) as server:
        server.get("/nothing")
        assert len(list(Path(f"/proc/{server.workers()[0]}/task").iterdir())) < 16


def test_clients_that_do_not_read_cost_a_bounded_memory(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", workers=1) as server:
        server.get("/nothing")
        before, count = resident(server.workers()[0]), 60
        with stalls.stalled(server.connect, stalls.IN_ANSWER, count):
            time.sleep(3)
            assert resident(server.workers()[0]) - before < count * 5 * 2**20


def refuses(server: Running) -> bool:
    """Whether nobody listens."""
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def resident(process: int) -> int:
    """The memory of a process that is in RAM, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def is_running(process: int) -> bool:
    """Whether a process is there, and no zombie that nobody waits for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
