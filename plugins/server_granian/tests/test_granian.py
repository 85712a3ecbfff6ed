"""Server tests with granian, and tests of its own features."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from entrepot_contract.testing import ServerContract
from entrepot_contract.testing.server import stalls
from entrepot_contract.testing.server.running import Running, eventually
from entrepot_server_granian import GranianServer
from entrepot_server_granian.supervisor import Wakeup


class TestGranian(ServerContract):
    server_class = GranianServer
    detects_truncated_chunks = False


@pytest.mark.parametrize("enabled", [True, False])
def test_http2_is_available_if_enabled(tmp_path: Path, enabled: bool) -> None:
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"
    with Running(GranianServer, tmp_path / "run", http2=enabled) as server, server.connect() as connection:
        connection.sendall(preface + settings)
        assert (connection.recv(100)[3:4] == b"\4") is enabled  # the server's own SETTINGS frame


def test_the_http2_windows_are_4_mib(tmp_path: Path) -> None:
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"
    with Running(GranianServer, tmp_path / "run", http2=True) as server, server.connect() as connection:
        connection.sendall(preface + settings)
        received = b""
        while b"\0\0\4\x08\0\0\0\0\0" not in received:  # WINDOW_UPDATE of the connection (RFC 9113, 6.9)
            received += connection.recv(100)
        length = int.from_bytes(received[:3])
        found = [received[9 + start : 15 + start] for start in range(0, length, 6)]
        assert b"\0\4" + (4 * 2**20).to_bytes(4) in found  # SETTINGS_INITIAL_WINDOW_SIZE (6.5.2)
        increment = received.partition(b"\0\0\4\x08\0\0\0\0\0")[2][:4]
        assert int.from_bytes(increment) == 4 * 2**20 - 65_535


@pytest.mark.timeout(60)
def test_a_signal_that_interrupts_another_never_waits_for_it() -> None:
    wakeup = Wakeup()
    calls = 0

    def handle(number: int, frame: object) -> None:
        nonlocal calls
        calls += 1
        wakeup.set()

    before = signal.signal(signal.SIGVTALRM, handle)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.001, 0.0001)
    try:
        while calls < 500:
            wakeup.set()
            wakeup.wait(0.001)
            wakeup.clear()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_workers_exit_if_the_parent_is_killed(tmp_path: Path) -> None:
    with Running(GranianServer, tmp_path / "run", workers=2) as server:
        server.get("/nothing")
        workers = server.workers()
        server.process.kill()
        assert eventually(lambda: not any(is_running(worker) for worker in workers))
        # A process with many threads may look terminated before the last thread has closed its files.
        assert eventually(lambda: refuses(server), seconds=5)


def test_threads_are_started_on_demand(tmp_path: Path) -> None:
    with Running(GranianServer, tmp_path / "run", workers=1) as server:
        server.get("/nothing")
        assert len(list(Path(f"/proc/{server.workers()[0]}/task").iterdir())) < 16


def test_clients_that_do_not_read_use_bounded_memory(tmp_path: Path) -> None:
    with Running(GranianServer, tmp_path / "run", workers=1) as server:
        server.get("/nothing")
        before, count = resident(server.workers()[0]), 60
        with stalls.stalled(server.connect, stalls.IN_ANSWER, count):
            time.sleep(3)
            assert resident(server.workers()[0]) - before < count * 5 * 2**20


def refuses(server: Running) -> bool:
    """Return whether connections are refused."""
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def resident(process: int) -> int:
    """Return the resident memory of a process, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def is_running(process: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
