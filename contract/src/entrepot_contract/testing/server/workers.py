"""Tests of servers with several worker processes."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.server.base import ServerBase, Start
from entrepot_contract.testing.server.messages import CLOSE, parse_answers, receive, request
from entrepot_contract.testing.server.running import Running, UnderWay, eventually

__all__ = ["WorkerContract"]

DIST: Final = ("serve", "Connections are distributed over the workers.")
DIES: Final = (
    "serve",
    "A worker that dies is replaced, repeatedly if necessary, and connections that wait for it are served;",
)


class WorkerContract(ServerBase):
    """Tests of servers with several worker processes."""

    @sentence(*DIST)
    @sentence("ServerSettings", "``workers``: number of processes;")
    @needs("multiprocess")
    @pytest.mark.parametrize("workers", [2, 4])
    def test_simultaneous_connections_are_distributed_over_the_workers(self, workers: int, start: Start) -> None:
        with start(workers=workers) as server:
            for count in (16, 64):
                rounds = [holders(server, count) for _ in range(20)]
                # With a fair distribution over two workers, the larger share of 16 is 9.6 on average over all rounds,
                # and the mean of 20 rounds exceeds 12 once in 10^15 runs. If one worker takes all, it is 16.
                largest = sum(max(held.values()) for held in rounds) / len(rounds)
                assert largest < count * (1 + 1 / workers) / 2
                assert len(sum(rounds, Counter[bytes]())) == workers

    @sentence(*DIES)
    @needs("multiprocess")
    def test_connections_waiting_for_a_killed_worker_are_served(self, start: Start) -> None:
        with start(workers=2) as server, ExitStack() as stack:
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

    @sentence(*DIES)
    @needs("multiprocess")
    def test_repeatedly_killed_workers_are_replaced(self, start: Start) -> None:
        with start(workers=2) as server:
            for _ in range(3):
                seen = set(server.workers())
                youngest = server.workers()[-1]  # so always the worker of one place
                os.kill(youngest, signal.SIGKILL)
                assert eventually(partial(self.is_another_there, server, seen))
            assert server.process.poll() is None
            assert all(server.get("/nothing").status == 204 for _ in range(20))

    def is_another_there(self, server: Running, seen: set[int]) -> bool:
        """Return whether there is a worker that was not seen before."""
        return bool(set(server.workers()) - seen)

    @sentence("serve", "one that gets SIGTERM is replaced before its last request ends.")
    @needs("multiprocess")
    def test_a_terminating_worker_is_replaced_before_it_has_ended(self, start: Start) -> None:
        with start(workers=1) as server:
            running, seen = UnderWay(server, "/slow?6"), set(server.workers())
            os.kill(server.workers()[0], signal.SIGTERM)
            assert eventually(partial(self.is_another_there, server, seen), seconds=5)
            assert seen < set(server.workers())
            assert server.get("/nothing").status == 204
            assert running.body() == b"slow"


def is_stopped(process: int) -> bool:
    """Return whether every thread of a process is stopped (proc(5), "state")."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return all((thread / "stat").read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)


def holders(server: Running, count: int) -> Counter[bytes]:
    """Return how many of some simultaneously opened connections each worker has accepted."""
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(count)]
        for connection in connections:
            connection.sendall(request("GET", "/worker") + b"\r\n")
        return Counter(body(connection) for connection in connections)


def body(connection: socket.socket) -> bytes:
    """Return the body of one response on a connection that stays open."""
    received = b""
    while not (answers := parse_answers(received, ["GET"])) or not answers[0].whole:
        received += connection.recv(4096)
    return answers[0].body
