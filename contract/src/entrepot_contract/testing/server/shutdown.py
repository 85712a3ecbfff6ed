"""Tests of the shutdown after a signal."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Final

import pytest

from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.server.base import ServerBase, Start
from entrepot_contract.testing.server.messages import CLOSE, parse_answers, receive, request
from entrepot_contract.testing.server.running import UnderWay

__all__ = ["ShutdownContract"]

SERVE: Final = (
    "serve",
    "Serve until SIGTERM or SIGINT, then drain running requests, close each application and return.",
)
DRAIN: Final = (
    "serve",
    "After the signal, new connections are refused, idle ones are closed, and requests that have not ended "
    "after ``drain_timeout`` are aborted.",
)
SIGNALS: Final = (
    "serve",
    "No signal is lost, however early it arrives; several signals to all processes are the same as one.",
)


class ShutdownContract(ServerBase):
    """Tests of the shutdown after a signal."""

    @sentence(*SERVE)
    @sentence(
        "Application.close",
        "Run the shutdown hooks and close the storage; called once, after the last request.",
    )
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_running_requests_end_after_a_signal(self, start: Start, number: signal.Signals) -> None:
        with start(workers=2) as server:
            running = UnderWay(server, "/slow?1.5")
            os.kill(server.process.pid, number)
            assert running.body() == b"slow"
            assert server.process.wait(10) == 0
            assert server.closed() == (2 if self.server_class.multiprocess else 1)

    @sentence(*SERVE)
    def test_an_upload_ends_after_a_signal(self, start: Start) -> None:
        with start() as server, server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Content-Length: 6") + CLOSE + b"abc")
            time.sleep(0.3)
            server.terminate()
            time.sleep(0.5)
            connection.sendall(b"def")
            assert parse_answers(receive(connection), ["POST"])[0].json()["size"] == 6
            assert server.process.wait(10) == 0

    @sentence(*DRAIN)
    def test_new_connections_are_refused_while_it_drains(self, start: Start) -> None:
        with start() as server:
            running = UnderWay(server, "/slow?2")
            server.terminate()
            time.sleep(0.5)
            with pytest.raises(ConnectionRefusedError):
                server.connect().close()
            assert running.body() == b"slow"

    @sentence(*SIGNALS)
    def test_a_signal_right_after_the_start_is_not_lost(self, start: Start) -> None:
        for _ in range(5):
            with start(workers=2) as server:
                server.terminate()
                assert server.process.wait(20) == 0

    @sentence(*SIGNALS)
    def test_a_signal_is_not_lost_if_threads_start_late(self, start: Start) -> None:
        with start(late_threads=True) as server:
            time.sleep(0.5)
            server.terminate()
            assert server.process.wait(10) == 0

    @sentence(*DRAIN)
    def test_an_idle_connection_does_not_delay_shutdown(self, start: Start) -> None:
        with start() as server, server.connect() as connection:
            connection.sendall(request("GET", "/nothing") + b"\r\n")
            connection.recv(1000)
            server.terminate()
            assert server.process.wait(10) == 0

    @sentence(*DRAIN)
    @sentence(
        "ServerSettings",
        "``drain_timeout``: seconds that running requests have to finish after SIGTERM.",
    )
    def test_a_request_that_does_not_end_is_aborted(self, start: Start) -> None:
        with start(drain_timeout=1) as server:
            running = UnderWay(server, "/slow?60")
            server.terminate()
            server.process.wait(10)
            assert running.body() is None

    @sentence(*SIGNALS)
    def test_running_requests_end_after_several_signals(self, start: Start) -> None:
        with start() as server:
            running = UnderWay(server, "/slow?2")
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                os.kill(server.process.pid, number)
                time.sleep(0.2)
            assert running.body() == b"slow", "another signal after the first one has ended a running request"
            assert server.process.wait(10) == 0

    @sentence(*SIGNALS)
    @needs("multiprocess")
    def test_running_requests_end_after_signals_to_all_processes(self, start: Start) -> None:
        """systemd sends SIGTERM to every process of a service, and Ctrl-C SIGINT to every one of a terminal."""
        with start(workers=2) as server:
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
