"""Tests of concurrent, slow and stalled clients."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import ExitStack
from typing import Final

import pytest

from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.server import stalls
from entrepot_contract.testing.server.base import ServerBase, Start
from entrepot_contract.testing.server.messages import CLOSE, MIB, parse_answers, receive, request
from entrepot_contract.testing.server.running import at_once

__all__ = ["TimeoutContract"]

UNREAD: Final = (
    "ServerDriver",
    "If the application may leave a body unread, INPUT_TIMEOUT and CLOSE_CONNECTION are in the environment.",
)
CONCURRENT: Final = (
    "ServerDriver",
    "``threads`` requests run concurrently, whether or not other clients stall.",
)
STALL: Final = (
    "ServerSettings",
    "``stall_timeout``: seconds without any data, in a request or a response, after which the client is disconnected.",
)


class TimeoutContract(ServerBase):
    """Tests of concurrent, slow and stalled clients."""

    @sentence(*CONCURRENT)
    @sentence("ServerSettings", "``threads``: number of requests that one worker handles concurrently;")
    def test_many_slow_requests_run_at_the_same_time(self, start: Start) -> None:
        with start(threads=64) as server:
            began = time.monotonic()
            answers = at_once(server, 64, "/slow?1")
            assert [answer.body for answer in answers] == [b"slow"] * 64
            assert time.monotonic() - began < 20

    @sentence(*CONCURRENT)
    def test_clients_that_stall_do_not_stop_others(self, start: Start) -> None:
        with start(workers=1, drain_timeout=1) as server, ExitStack() as crowds:
            for sent in (stalls.IN_HEADERS, stalls.IN_BODY, stalls.IN_ANSWER):
                crowds.enter_context(stalls.stalled(server.connect, sent))
                assert stalls.seconds_for_others(server.connect) < 10

    @sentence(*STALL)
    def test_only_a_client_that_stalls_during_its_body_is_disconnected(self, start: Start) -> None:
        stopped = [
            request("POST", "/echo", b"Content-Length: 9") + b"\r\nabc",
            request("POST", "/echo", b"Transfer-Encoding: chunked") + b"\r\n3\r\nabc\r\n",
            request("POST", "/echo", b"Content-Length: 9", b"Expect: 100-continue") + b"\r\n",
        ]
        with start(workers=1, stall_timeout=2) as server, ExitStack() as stack:
            idle, late, *stalled = [stack.enter_context(server.connect()) for _ in range(2 + len(stopped))]
            idle.sendall(request("HEAD", "/sized") + b"\r\n")
            assert idle.recv(1000).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.2)
            late.sendall(request("POST", "/late?6", b"Content-Length: 3") + CLOSE + b"abc")
            for connection, sent in zip(stalled, stopped, strict=True):
                connection.sendall(sent)
            for connection in stalled:
                assert b"HTTP/1.1 200 " not in receive(connection)
            assert parse_answers(receive(late), ["POST"])[0].body == b"slow"
            idle.sendall(request("HEAD", "/sized") + CLOSE)
            assert receive(idle).startswith(b"HTTP/1.1 200 ")

    @sentence(*STALL)
    def test_a_client_that_does_not_read_is_disconnected(self, start: Start) -> None:
        with start(workers=1, stall_timeout=2) as server, server.connect() as connection:
            connection.sendall(request("GET", "/stream?64") + CLOSE)
            time.sleep(8)
            assert len(receive(connection)) < 64 * MIB

    @sentence(*STALL)
    def test_clients_that_are_slow_and_steady_are_not_disconnected(self, start: Start) -> None:
        body = os.urandom(12)
        with start(workers=1, stall_timeout=2) as server, server.connect() as sends, server.connect() as reads:
            reads.sendall(request("GET", "/stream?24") + CLOSE)
            sends.sendall(request("PUT", "/echo", b"Content-Length: %d" % len(body)) + CLOSE)
            got = bytearray()
            for place in range(len(body)):
                time.sleep(0.4)
                sends.sendall(body[place : place + 1])
                until = len(got) + MIB
                while len(got) < until:
                    got += reads.recv(until - len(got))
            answer = parse_answers(receive(sends), ["PUT"])[0]
            assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest(), "a slow body was not received whole"
            got += receive(reads)
            assert parse_answers(bytes(got), ["GET"])[0].whole, "a client that reads slowly was disconnected"

    @sentence(
        "ServerSettings",
        "``idle_timeout``: seconds that a connection stays open between two requests.",
    )
    def test_an_idle_connection_is_closed_after_the_idle_timeout(self, start: Start) -> None:
        with start(idle_timeout=2) as server, server.connect() as connection:
            for _ in range(2):
                connection.sendall(request("HEAD", "/sized") + b"\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
                time.sleep(1)
            assert receive(connection) == b""

    @sentence(*UNREAD)
    @sentence(
        "INPUT_TIMEOUT",
        "from the call on, all reads of ``wsgi.input`` together wait at most that long for the client, and then "
        "raise TimeoutError.",
    )
    @sentence(
        "CLOSE_CONNECTION",
        "the response has ``Connection: close`` and is the last on its connection (RFC 9112, 9.6).",
    )
    @pytest.mark.usefixtures("streamed")
    def test_reads_of_a_body_time_out_as_configured_by_the_application(self, start: Start) -> None:
        head = request("POST", "/impatient", b"Content-Length: 5") + b"\r\n"
        with start(workers=1) as server:
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

    @sentence(*UNREAD)
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.usefixtures("streamed")
    def test_a_client_that_stalls_after_its_response_does_not_block_others(self, method: str, start: Start) -> None:
        head = request(method, "/impatient", b"Content-Length: 5") + b"\r\n"
        with start(workers=1) as server, server.connect() as connection:
            connection.settimeout(20)
            connection.sendall(head + b"abc")
            assert parse_answers(connection.recv(10_000), [method])[0].status == 408
            assert server.get("/nothing").status == 204
            assert connection.recv(1) == b""
