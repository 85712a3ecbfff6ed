"""New connections use a changed certificate, and existing connections are not interrupted."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from support.services.programs import need
from tls.secured import Secured

from entrepot_contract.testing.server.messages import HOST, parse_answers
from entrepot_contract.testing.server.running import eventually

SERVERS = ["granian", "gunicorn"]


class Clients:
    """Clients in threads that run until ``stop`` is called. ``faults`` contains the first failure of each."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.answered: dict[str, int] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def repeat(self, name: str, request: Callable[[], object]) -> None:
        """Send requests repeatedly."""

        def run() -> None:
            while not self._stop.wait(0.05):
                try:
                    request()
                except Exception as error:  # noqa: BLE001 - shown by the test
                    self.faults.append(f"{name} after {self.answered.get(name, 0)}: {error!r}")
                else:
                    self.answered[name] = self.answered.get(name, 0) + 1

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def stop(self) -> None:
        """Wait for the last responses."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


class SlowUpload(threading.Thread):
    """A push that takes some seconds, on one connection."""

    def __init__(self, secured: Secured, seconds: float) -> None:
        super().__init__()
        self._secured = secured
        self._pieces = [bytes([number]) * 1000 for number in range(int(seconds / 0.1))]
        self.expected = hashlib.sha256(b"".join(self._pieces)).hexdigest()
        self.received: object = None
        self.start()

    def run(self) -> None:
        """Send a chunk every tenth of a second."""
        head = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (1000 * len(self._pieces))
        with self._secured.connect() as connection:
            connection.sendall(head)
            for piece in self._pieces:
                time.sleep(0.1)
                connection.sendall(piece)
            # Whether the connection is kept alive afterwards is not tested here.
            answer = b""
            while b"sha256" not in answer:
                more = connection.recv(65536)
                if not more:
                    break
                answer += more
            self.received = parse_answers(answer, ["POST"])[0].json()["sha256"]


@pytest.fixture
def clients() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    clients.stop()


def until_used(secured: Secured, serial: int, seconds: float = 20) -> float:
    """Return the time until a new connection uses the certificate."""
    began = time.monotonic()
    while secured.serial() != serial:
        assert time.monotonic() - began < seconds, secured.server.log()
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.mark.parametrize("name", SERVERS)
def test_a_changed_certificate_interrupts_no_client(name: str, tmp_path: Path, clients: Clients) -> None:
    with Secured(name, tmp_path, workers=2, http2=True) as secured:
        url = f"https://127.0.0.1:{secured.server.port}/sized"
        with httpx.Client(verify=secured.trust()) as kept:
            upload = SlowUpload(secured, 16)
            clients.repeat("new connections", lambda: secured.get("/sized").body)
            clients.repeat("kept alive", lambda: kept.get(url).raise_for_status())
            for _ in range(3):
                time.sleep(1)
                until_used(secured, secured.swap())
            upload.join()
            clients.stop()
        assert clients.faults == []
        assert all(count > 50 for count in clients.answered.values())
        assert upload.received == upload.expected


def test_a_changed_certificate_interrupts_no_http2_client(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    need(request, "curl")
    with Secured("granian", tmp_path, workers=2, http2=True) as secured:
        url = f"https://127.0.0.1:{secured.server.port}/sized?[1-900]"
        command = ["curl", "-sS", "--http2", "--rate", "60/s", "--cacert", str(secured.authority.ca_path)]
        report = ["-o", "/dev/null", "-w", "%{http_version} %{response_code} %{num_connects}\n"]
        with subprocess.Popen([*command, *report, url], stdout=subprocess.PIPE, text=True) as curl:
            for _ in range(3):
                time.sleep(1)
                until_used(secured, secured.swap())
            answers = [line.split() for line in curl.communicate(timeout=60)[0].splitlines()]
        assert curl.returncode == 0
        assert {(version, status) for version, status, _ in answers} == {("2", "200")}
        assert len(answers) == 900
        # The server asked it to reconnect, and it did.
        assert 2 <= sum(int(connects) for *_, connects in answers) <= 5


@pytest.mark.parametrize("name", SERVERS)
def test_a_certificate_without_its_key_is_not_used(name: str, tmp_path: Path) -> None:
    with Secured(name, tmp_path, workers=1) as secured:
        first = secured.serial()
        secured.swap(with_key=False)
        assert eventually(lambda: secured.serial() == first and "keeping previous content" in secured.server.log())
        until_used(secured, secured.swap())


@pytest.mark.parametrize("name", SERVERS)
def test_a_worker_replaced_while_the_files_are_invalid_uses_the_previous_certificate(name: str, tmp_path: Path) -> None:
    with Secured(name, tmp_path, workers=1) as secured:
        first = secured.serial()
        time.sleep(6)  # granian treats an earlier exit as a crash loop, and stops
        secured.swap(with_key=False)
        assert eventually(lambda: secured.serial() == first and "keeping previous content" in secured.server.log())
        os.kill(secured.server.workers()[0], signal.SIGKILL)
        assert eventually(lambda: secured.try_serial() == first)


def test_workers_stay_if_their_replacements_cannot_start(tmp_path: Path) -> None:
    with Secured("granian", tmp_path, workers=6) as secured:
        first, workers = secured.serial(), secured.server.workers()
        broken = secured.server.folder / "broken"
        broken.touch()
        secured.swap()
        assert eventually(lambda: "new workers did not start, keeping the old workers" in secured.server.log())
        assert secured.server.workers() == workers
        assert secured.serial() == first
        broken.unlink()
        until_used(secured, secured.swap())


def test_workers_stay_if_granian_cannot_use_a_key_that_openssl_can(tmp_path: Path) -> None:
    with Secured("granian", tmp_path, workers=1) as secured:
        first, workers = secured.serial(), secured.server.workers()
        secured.swap(curve=ec.SECP521R1())
        assert eventually(lambda: "new workers did not start, keeping the old workers" in secured.server.log())
        assert secured.serial() == first
        assert secured.server.workers() == workers


def test_a_worker_with_in_memory_storage_is_not_replaced(tmp_path: Path) -> None:
    with Secured("granian", tmp_path, workers=1, shared=False) as secured:
        first, workers = secured.serial(), secured.server.workers()
        secured.swap()
        assert eventually(lambda: "new certificate needs a restart" in secured.server.log())
        assert secured.server.workers() == workers
        assert secured.serial() == first


def test_a_server_that_reloads_in_place_uses_the_new_certificate(tmp_path: Path) -> None:
    with Secured("gunicorn", tmp_path, workers=1, shared=False) as secured:
        workers = secured.server.workers()
        until_used(secured, secured.swap())
        assert secured.server.workers() == workers


def test_replaced_workers_exit(tmp_path: Path) -> None:
    with Secured("granian", tmp_path, workers=2) as secured:
        first = secured.server.workers()
        until_used(secured, secured.swap())
        assert eventually(lambda: not set(first) & set(secured.server.workers()), seconds=60)
        assert secured.server.closed() == 2
        assert len(secured.server.workers()) == 2


def test_stop_also_ends_replaced_workers(tmp_path: Path) -> None:
    with Secured("granian", tmp_path, workers=1, drain_timeout=2) as secured:
        running = secured.connect()
        running.sendall(b"GET /slow?60 HTTP/1.1\r\n" + HOST + b"\r\n")
        until_used(secured, secured.swap())
        assert len(secured.server.workers()) == 2
        secured.server.terminate()
        secured.server.process.wait(30)
        running.close()
