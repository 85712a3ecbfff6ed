"""Additional requirements for servers with several worker processes."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from host.tests.server.cases import CLOSE, UnderWay, request
from host.tests.server.running import Running, eventually, parse_answers, receive

__all__ = ["WorkerCases"]


class WorkerCases:
    """Base class for tests, used together with ServerCases."""

    name: ClassVar[str]

    def test_running_requests_end_after_signals_to_all_processes(self, tmp_path: Path) -> None:
        """systemd sends SIGTERM to every process of a service, and Ctrl-C SIGINT to every one of a terminal."""
        with Running(self.name, tmp_path / "run", workers=2) as server:
            running = UnderWay(server, "/slow?2")
            for _ in range(4):
                for process in (server.process.pid, *server.workers()):
                    # A worker without a request ends on the first signal.
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGTERM)
                        os.kill(process, signal.SIGINT)
                time.sleep(0.2)
            assert running.body() == b"slow"
            assert server.process.wait(10) == 0
            assert server.closed() == 2

    def test_reads_of_a_body_time_out_as_configured_by_the_application(self, tmp_path: Path) -> None:
        head = request("POST", "/impatient", b"Content-Length: 5") + b"\r\n"
        with Running(self.name, tmp_path / "run", workers=1) as server:
            with server.connect() as connection:
                connection.sendall(head + b"abc")
                began = time.monotonic()
                answer = parse_answers(connection.recv(10_000), ["POST"])[0]
                assert time.monotonic() - began < 5
                assert (answer.status, answer.headers["Connection"]) == (408, "close")
            with server.connect() as connection:
                for _ in range(2):
                    connection.sendall(head + b"abcde")
                    answer = parse_answers(connection.recv(10_000), ["POST"])[0]
                    assert answer.status == 200
                    assert answer.headers["Connection"] != "close"

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_client_that_stalls_after_its_response_does_not_block_others(self, method: str, tmp_path: Path) -> None:
        head = request(method, "/impatient", b"Content-Length: 5") + b"\r\n"
        with Running(self.name, tmp_path / "run", workers=1) as server, server.connect() as connection:
            connection.settimeout(20)
            connection.sendall(head + b"abc")
            assert parse_answers(connection.recv(10_000), [method])[0].status == 408
            assert server.get("/nothing").status == 204
            assert connection.recv(1) == b""

    def test_an_application_that_cannot_be_built_ends_the_server(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", broken=True) as server:
            assert server.process.wait(20) != 0
            assert "the application cannot be built" in server.log()

    @pytest.mark.parametrize("workers", [2, 4])
    def test_simultaneous_connections_are_distributed_over_the_workers(self, workers: int, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", workers=workers) as server:
            for count in (16, 64):
                rounds = [holders(server, count) for _ in range(20)]
                # With a fair distribution over two workers, the larger share of 16 is 9.6 on average over all rounds,
                # and the mean of 20 rounds exceeds 12 once in 10^15 runs. If one worker takes all, it is 16.
                largest = sum(max(held.values()) for held in rounds) / len(rounds)
                assert largest < count * (1 + 1 / workers) / 2
                assert len(sum(rounds, Counter[bytes]())) == workers

    def test_connections_waiting_for_a_killed_worker_are_served(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", workers=2) as server, ExitStack() as stack:
            server.get("/nothing")
            doomed = server.workers()[0]
            os.kill(doomed, signal.SIGSTOP)
            assert eventually(partial(is_stopped, doomed))  # until then it may accept a connection
            waiting = [stack.enter_context(server.connect()) for _ in range(40)]
            for connection in waiting:
                connection.sendall(request("GET", "/worker") + CLOSE)
            os.kill(doomed, signal.SIGKILL)
            answers = [parse_answers(receive(connection), ["GET"])[0] for connection in waiting]
            assert [answer.status for answer in answers] == [200] * 40
            assert len({answer.body for answer in answers}) == 2

    def test_repeatedly_killed_workers_are_replaced(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", workers=2) as server:
            for _ in range(3):
                seen = set(server.workers())
                youngest = server.workers()[-1]  # so always the worker of one place
                os.kill(youngest, signal.SIGKILL)
                assert eventually(partial(self.is_another_there, server, seen))
            assert server.process.poll() is None
            assert all(server.get("/nothing").status == 204 for _ in range(20))

    def is_another_there(self, server: Running, seen: set[int]) -> bool:
        """Returns whether there is a worker that was not seen before."""
        return bool(set(server.workers()) - seen)

    def test_a_terminating_worker_is_replaced_before_it_has_ended(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", workers=1) as server:
            running, seen = UnderWay(server, "/slow?6"), set(server.workers())
            os.kill(server.workers()[0], signal.SIGTERM)
            assert eventually(partial(self.is_another_there, server, seen), seconds=5)
            assert seen < set(server.workers())
            assert server.get("/nothing").status == 204
            assert running.body() == b"slow"


def is_stopped(process: int) -> bool:
    """Returns whether every thread of a process is stopped (proc(5), "state")."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return all((thread / "stat").read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)


def holders(server: Running, count: int) -> Counter[bytes]:
    """Returns how many of some simultaneously opened connections each worker has accepted."""
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(count)]
        for connection in connections:
            connection.sendall(request("GET", "/worker") + b"\r\n")
        return Counter(body(connection) for connection in connections)


def body(connection: socket.socket) -> bytes:
    """Returns the body of one response on a connection that stays open."""
    received = b""
    while not (answers := parse_answers(received, ["GET"])) or not answers[0].whole:
        received += connection.recv(4096)
    return answers[0].body
