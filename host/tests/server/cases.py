"""Requirements for every server, tested with real sockets."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from host.tests.server import stalls
from host.tests.server.running import HOST, Answer, Running, parse_answers, receive

CLOSE = b"Connection: close\r\n\r\n"
MIB = 2**20


def request(method: str, target: str, *fields: bytes) -> bytes:
    """Returns the head of a request, to be ended by CLOSE or an empty line."""
    return f"{method} {target} HTTP/1.1\r\n".encode("latin-1") + HOST + b"".join(field + b"\r\n" for field in fields)


class ServerCases:
    """Base class for the tests of a server; subclasses set the server's name."""

    name: ClassVar[str]
    tells_broken_chunks: ClassVar[bool] = True

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
        with Running(cls.name, tmp_path_factory.mktemp("server") / "run") as running:
            yield running

    def test_the_application_gets_the_request(self, server: Running) -> None:
        seen = server.get("/echo/a%20b?x=%20y&z=a+b").environ()
        assert seen["REQUEST_METHOD"] == "GET"
        assert seen["PATH_INFO"] == "/echo/a b"
        assert seen["QUERY_STRING"] == "x=%20y&z=a+b"
        assert seen["REMOTE_ADDR"] == "127.0.0.1"
        assert seen["HTTP_HOST"] == "registry.example"

    def test_forwarding_headers_are_passed_to_the_application(self, server: Running) -> None:
        fields = (b"X-Forwarded-Proto: https", b"X-Forwarded-Host: a.example", b"Forwarded: proto=https")
        seen = server.talk(request("GET", "/echo", *fields) + CLOSE)[0].environ()
        assert seen["HTTP_X_FORWARDED_PROTO"] == "https"
        assert seen["HTTP_X_FORWARDED_HOST"] == "a.example"
        assert seen["HTTP_FORWARDED"] == "proto=https"

    def test_a_body_with_a_length_is_received_completely(self, server: Running) -> None:
        body = os.urandom(3 * MIB + 7)
        answer = server.talk(request("POST", "/echo", b"Content-Length: %d" % len(body)) + CLOSE + body)[0]
        assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
        assert answer.environ()["CONTENT_LENGTH"] == str(len(body))

    def test_a_chunked_body_is_received_completely(self, server: Running) -> None:
        head = request("POST", "/echo", b"Transfer-Encoding: chunked") + CLOSE
        answer = server.talk(head + b"3\r\nabc\r\n", b"5;x=y\r\ndefgh\r\n", b"0\r\n\r\n")[0]
        assert answer.json()["sha256"] == hashlib.sha256(b"abcdefgh").hexdigest()

    def test_a_slow_body_is_received_completely(self, server: Running) -> None:
        answer = server.talk(request("POST", "/echo", b"Content-Length: 9") + CLOSE + b"abc", b"def", b"ghi")[0]
        assert answer.json()["size"] == 9

    def test_a_body_shorter_than_its_length_is_incomplete(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Content-Length: 9") + CLOSE + b"abc")
            connection.shutdown(socket.SHUT_WR)
            answers = parse_answers(receive(connection), ["POST"])
        # A server may pass the incomplete request to the application, which notices, or drop it.
        assert [answer.json()["size"] for answer in answers] in ([3], [])
        assert server.get("/nothing").status == 204

    def test_expect_gets_100_before_the_body_is_sent(self, server: Running) -> None:
        head = request("PUT", "/echo", b"Content-Length: 3", b"Expect: 100-continue") + CLOSE
        with server.connect() as connection:
            connection.sendall(head)
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"abc")
            assert parse_answers(receive(connection), ["PUT"])[-1].json()["size"] == 3

    def test_expect_without_a_body_gets_a_response(self, server: Running) -> None:
        answers = server.talk(request("GET", "/sized", b"Expect: 100-continue") + CLOSE)
        assert [answer.status for answer in answers] == [200]

    @pytest.mark.parametrize("broken", [b"x\r\n", b"3\r\nabcd\r\n", None], ids=["size", "end of chunk", "end of body"])
    def test_an_incomplete_chunked_body_is_not_treated_as_complete(self, server: Running, broken: bytes | None) -> None:
        before = len(server.log())
        with server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Transfer-Encoding: chunked") + b"\r\n3\r\nabc\r\n")
            if broken is None:
                connection.shutdown(socket.SHUT_WR)
            else:
                connection.sendall(broken)
            answers = parse_answers(receive(connection), ["POST"])
        if self.tells_broken_chunks:
            assert [answer.status for answer in answers] in ([400], [])
            assert all(answer.headers["Connection"] == "close" for answer in answers)
        else:
            assert [answer.json()["size"] for answer in answers] in ([3], [6])
        assert "Traceback" not in server.log()[before:]

    @pytest.mark.parametrize(
        "head",
        [
            request("POST", "/echo", b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"\r\n",
            request("POST", "/echo", b"Transfer-Encoding: chunked").replace(b"1.1", b"1.0") + b"\r\n",
            request("POST", "/echo", b"Transfer-Encoding: unheard-of") + b"\r\n",
            request("POST", "/echo", b"Content-Length: " + b"9" * 5000) + b"\r\n",
        ],
        ids=["both lengths", "chunks in HTTP 1.0", "unknown coding", "endless length"],
    )
    def test_a_request_with_an_ambiguous_end_closes_the_connection(self, server: Running, head: bytes) -> None:
        before = len(server.log())
        following = request("GET", "/sized") + b"\r\n"
        answers = server.talk(head + b"0\r\n\r\n" + following, methods=["POST", "GET"])
        assert [answer.headers["Connection"] for answer in answers] == ["close"]
        assert "Traceback" not in server.log()[before:]

    def test_an_error_before_the_body_was_read_reaches_the_client(self, server: Running) -> None:
        head = request("PUT", "/refuse", b"Content-Length: 3") + CLOSE
        answer = server.talk(head + b"abc")[0]
        assert (answer.status, answer.body) == (413, b"large")

    def test_head_has_the_length_and_no_body(self, server: Running) -> None:
        head, after = server.talk(
            request("HEAD", "/sized") + b"\r\n", request("GET", "/nothing") + CLOSE, methods=["HEAD", "GET"]
        )
        assert (head.status, head.headers["Content-Length"]) == (200, "1000")
        assert after.status == 204

    @pytest.mark.parametrize(("target", "status"), [("/nothing", 204), ("/unchanged", 304)])
    def test_a_response_without_a_body_ends_where_the_next_begins(
        self, server: Running, target: str, status: int
    ) -> None:
        first, *others = server.talk(
            request("GET", target) + b"\r\n" + request("GET", "/sized") + CLOSE, methods=["GET", "GET"]
        )
        assert first.status == status
        # waitress closes the connection afterwards, and announces it.
        assert [len(other.body) for other in others] == [1000] or first.headers["Connection"] == "close"

    def test_pipelined_requests_are_answered_in_order(self, server: Running) -> None:
        wanted = [f"/echo/{number}" for number in range(5)]
        heads = [request("GET", target) for target in wanted]
        answers = server.talk(b"\r\n".join(heads) + CLOSE, methods=["GET"] * 5)
        assert [answer.environ()["PATH_INFO"] for answer in answers] == wanted

    def test_a_header_can_be_sent_twice(self, server: Running) -> None:
        assert server.get("/twice").headers.get_all("X-Twice") == ["1", "2"]

    def test_a_large_response_is_sent_completely(self, server: Running) -> None:
        answer = server.get("/stream?40")
        assert answer.whole
        assert len(answer.body) == 40 * MIB

    def test_a_client_that_disconnects_during_a_response_does_not_affect_others(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(request("GET", "/stream?40") + CLOSE)
            connection.recv(1000)
        assert server.get("/sized").whole

    def test_a_client_that_disconnects_during_its_body_does_not_affect_others(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Content-Length: 1000000") + CLOSE + b"abc")
        assert server.get("/sized").whole

    def test_an_aborted_response_is_recognizably_incomplete(self, server: Running) -> None:
        assert not any(answer.whole for answer in server.talk(request("GET", "/cut") + CLOSE))

    def test_an_application_error_is_not_shown_to_the_client(self, server: Running) -> None:
        answer = server.get("/raise")
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert b"Traceback" not in answer.body

    def test_a_long_target_is_accepted(self, server: Running) -> None:
        target = "/echo/" + "a" * 8000
        assert server.get(target).environ()["PATH_INFO"] == target

    @pytest.mark.parametrize(
        "head",
        [
            pytest.param(b"NONSENSE\r\n\r\n", id="no request"),
            pytest.param(request("GET", "/" + "a" * 600_000) + CLOSE, id="endless target"),
            pytest.param(request("GET", "/", b"Content-Length: x") + CLOSE, id="length that is no number"),
            pytest.param(request("GET", "/", b"X: " + b"y" * 600_000) + CLOSE, id="endless header"),
        ],
    )
    def test_a_malformed_request_is_rejected(self, server: Running, head: bytes) -> None:
        # Closing the connection without a response is also a rejection.
        assert all(400 <= answer.status < 500 for answer in server.talk(head))
        assert server.get("/nothing").status == 204

    def test_many_slow_requests_run_at_the_same_time(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", threads=64) as server:
            began = time.monotonic()
            answers = at_once(server, 64, "/slow?1")
            assert [answer.body for answer in answers] == [b"slow"] * 64
            assert time.monotonic() - began < 20

    def test_clients_that_stall_do_not_stop_others(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", workers=1, drain_timeout=1) as server, ExitStack() as crowds:
            for sent in (stalls.IN_HEADERS, stalls.IN_BODY, stalls.IN_ANSWER):
                crowds.enter_context(stalls.stalled(server.connect, sent))
                assert stalls.seconds_for_others(server.connect) < 10

    def test_only_a_client_that_stalls_during_its_body_is_disconnected(self, tmp_path: Path) -> None:
        stopped = [
            request("POST", "/echo", b"Content-Length: 9") + b"\r\nabc",
            request("POST", "/echo", b"Transfer-Encoding: chunked") + b"\r\n3\r\nabc\r\n",
            request("POST", "/echo", b"Content-Length: 9", b"Expect: 100-continue") + b"\r\n",
        ]
        with Running(self.name, tmp_path / "run", workers=1, stall_timeout=2) as server, ExitStack() as stack:
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

    def test_a_client_that_does_not_read_is_disconnected(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", workers=1, stall_timeout=2) as server, server.connect() as connection:
            connection.sendall(request("GET", "/stream?64") + CLOSE)
            time.sleep(8)
            assert len(receive(connection)) < 64 * MIB

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_running_requests_end_after_a_signal(self, tmp_path: Path, number: signal.Signals) -> None:
        with Running(self.name, tmp_path / "run", workers=2) as server:
            running = UnderWay(server, "/slow?1.5")
            os.kill(server.process.pid, number)
            assert running.body() == b"slow"
            assert server.process.wait(10) == 0
            assert server.closed() == self.workers(2)

    def test_an_upload_ends_after_a_signal(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run") as server, server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Content-Length: 6") + CLOSE + b"abc")
            time.sleep(0.3)
            server.terminate()
            time.sleep(0.5)
            connection.sendall(b"def")
            assert parse_answers(receive(connection), ["POST"])[0].json()["size"] == 6
            assert server.process.wait(10) == 0

    def test_new_connections_are_refused_while_it_drains(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run") as server:
            running = UnderWay(server, "/slow?2")
            server.terminate()
            time.sleep(0.5)
            with pytest.raises(ConnectionRefusedError):
                server.connect().close()
            assert running.body() == b"slow"

    def test_a_signal_right_after_the_start_is_not_lost(self, tmp_path: Path) -> None:
        for number in range(5):
            with Running(self.name, tmp_path / str(number), workers=2) as server:
                server.terminate()
                assert server.process.wait(20) == 0

    def test_a_signal_is_not_lost_if_threads_start_late(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", late_threads=True) as server:
            time.sleep(0.5)
            server.terminate()
            assert server.process.wait(10) == 0

    def test_an_idle_connection_does_not_delay_shutdown(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run") as server, server.connect() as connection:
            connection.sendall(request("GET", "/nothing") + b"\r\n")
            connection.recv(1000)
            server.terminate()
            assert server.process.wait(10) == 0

    def test_a_request_that_does_not_end_is_aborted(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", drain_timeout=1) as server:
            running = UnderWay(server, "/slow?60")
            server.terminate()
            server.process.wait(10)
            assert running.body() is None

    def test_an_idle_connection_is_closed_after_the_idle_timeout(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", idle_timeout=2) as server, server.connect() as connection:
            for _ in range(2):
                connection.sendall(request("HEAD", "/sized") + b"\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
                time.sleep(1)
            assert receive(connection) == b""

    def test_an_address_in_use_is_an_error_at_the_start(self, tmp_path: Path, server: Running) -> None:
        with pytest.raises(AssertionError, match="Address already in use"):
            Running(self.name, tmp_path / "run", port=server.port)

    def workers(self, wanted: int) -> int:
        """Returns the number of processes when ``wanted`` are configured."""
        return wanted


class UnderWay:
    """A request that was sent and has no response yet."""

    def __init__(self, server: Running, target: str) -> None:
        self._connection = server.connect()
        self._connection.sendall(request("GET", target) + CLOSE)
        time.sleep(0.5)

    def body(self) -> bytes | None:
        """Returns the body of the response, or None if the connection was closed without one."""
        with self._connection:
            answers = parse_answers(receive(self._connection), ["GET"])
        return answers[0].body if answers else None


def at_once(server: Running, count: int, target: str) -> list[Answer]:
    """Returns the responses to many concurrent requests."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(server.get(target))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
