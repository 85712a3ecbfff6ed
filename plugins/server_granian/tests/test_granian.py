"""granian does what every server must, and what only it can."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from host.tests.server.cases import ServerCases, UnderWay
from host.tests.server.running import Running
from services.programs import need


class TestGranian(ServerCases):
    name = "granian"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a certificate for 127.0.0.1 and its key."""
    need(request, "openssl")
    run = tmp_path / "run"
    run.mkdir()
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(run / "key.pem"), "-out", str(run / "cert.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return run


def test_it_serves_tls(folder: Path) -> None:
    with Running("granian", folder, tls="tls1.2") as server:
        trust = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        answer = httpx.get(f"https://127.0.0.1:{server.port}/echo", verify=trust)
        assert answer.json()["environ"]["SERVER_PROTOCOL"] == "HTTP/1.1"


@pytest.mark.parametrize(("least", "spoken"), [("tls1.2", True), ("tls1.3", False)])
def test_it_keeps_to_the_least_version_of_tls(folder: Path, least: str, spoken: bool) -> None:
    with Running("granian", folder, tls=least) as server:
        old = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            answered = httpx.get(f"https://127.0.0.1:{server.port}/nothing", verify=old).status_code == 204
        except httpx.ConnectError:
            answered = False
        assert answered is spoken


@pytest.mark.parametrize("spoken", [True, False])
def test_http2_is_spoken_where_it_is_configured(tmp_path: Path, spoken: bool) -> None:
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"
    with Running("granian", tmp_path / "run", extra={"http2": spoken}) as server, server.connect() as connection:
        connection.sendall(preface + settings)
        assert (connection.recv(100)[3:4] == b"\4") is spoken  # the server's own SETTINGS frame


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", workers=2) as server:
        time.sleep(6)  # granian takes an earlier death for a crash loop, and ends
        first = workers_of(server)
        os.kill(first[0], signal.SIGKILL)
        assert eventually(lambda: len(set(workers_of(server)) - set(first)) == 1)
        assert all(server.get("/nothing").status == 204 for _ in range(20))


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", workers=2) as server:
        server.get("/nothing")
        workers = workers_of(server)
        server.process.kill()
        assert eventually(lambda: not any(is_running(worker) for worker in workers))
        with pytest.raises(ConnectionRefusedError):
            server.connect().close()


def test_signals_from_everywhere_let_running_requests_end(tmp_path: Path) -> None:
    """systemd sends SIGTERM to every process of a service, and the parent sends it to its workers."""
    with Running("granian", tmp_path / "run", workers=2) as server:
        running = UnderWay(server, "/slow?2")
        for _ in range(4):
            for process in (server.process.pid, *workers_of(server)):
                os.kill(process, signal.SIGTERM)
                os.kill(process, signal.SIGINT)
            time.sleep(0.2)
        assert running.body() == b"slow"
        assert server.process.wait(10) == 0
        assert server.closed() == 2


def test_an_application_that_cannot_be_built_ends_the_server(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", broken=True) as server:
        assert server.process.wait(20) != 0
        assert "the application cannot be built" in server.log()


def test_its_threads_are_made_when_requests_need_them(tmp_path: Path) -> None:
    with Running("granian", tmp_path / "run", workers=1) as server:
        server.get("/nothing")
        assert len(list(Path(f"/proc/{workers_of(server)[0]}/task").iterdir())) < 16


def workers_of(server: Running) -> list[int]:
    """The process ids of the workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def is_running(process: int) -> bool:
    """Whether a process is there, and no zombie that nobody waits for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(true: Callable[[], bool]) -> bool:
    """Whether something comes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
