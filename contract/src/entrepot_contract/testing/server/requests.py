"""Tests of requests: their environment, bodies and ends."""

from __future__ import annotations

import hashlib
import os
import socket
from typing import Final

import pytest

from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.server.base import ServerBase
from entrepot_contract.testing.server.messages import CLOSE, MIB, parse_answers, receive, request
from entrepot_contract.testing.server.running import Running

__all__ = ["RequestContract"]

READS: Final = ("ServerDriver", "Reads of ``wsgi.input`` return the complete body.")
TRUNCATED: Final = (
    "ServerDriver",
    "A truncated body is never mistaken for a complete one: after the last byte received, a read raises "
    "OSError, or the body is shorter than its Content-Length, or the server responds with 400 itself.",
)
CONTINUE: Final = (
    "ServerDriver",
    "``100 Continue`` is sent at the first read of the body; a server that receives complete bodies sends it earlier.",
)


class RequestContract(ServerBase):
    """Tests of requests: their environment, bodies and ends."""

    @sentence("ServerDriver", "The environment is that of PEP 3333;")
    def test_the_application_gets_the_request(self, server: Running) -> None:
        seen = server.get("/echo/a%20b?x=%20y&z=a+b").environ()
        assert seen["REQUEST_METHOD"] == "GET"
        assert seen["PATH_INFO"] == "/echo/a b"
        assert seen["QUERY_STRING"] == "x=%20y&z=a+b"
        assert seen["REMOTE_ADDR"] == "127.0.0.1"
        assert seen["HTTP_HOST"] == "registry.example"

    @sentence("ServerDriver", "the headers of proxies are passed to the application unchanged.")
    def test_forwarding_headers_are_passed_to_the_application(self, server: Running) -> None:
        fields = (b"X-Forwarded-Proto: https", b"X-Forwarded-Host: a.example", b"Forwarded: proto=https")
        seen = server.talk(request("GET", "/echo", *fields) + CLOSE)[0].environ()
        assert seen["HTTP_X_FORWARDED_PROTO"] == "https"
        assert seen["HTTP_X_FORWARDED_HOST"] == "a.example"
        assert seen["HTTP_FORWARDED"] == "proto=https"

    @sentence("ServerDriver", "The environment is that of PEP 3333;")
    def test_the_fields_of_a_repeated_header_are_joined(self, server: Running) -> None:
        fields = (b"Accept: text/a", b"X-One: 1", b"ACCEPT: text/b;q=0.5", b"accept: text/c")
        seen = server.talk(request("GET", "/echo", *fields) + CLOSE)[0].environ()
        assert seen["HTTP_ACCEPT"].replace(" ", "") == "text/a,text/b;q=0.5,text/c", "fields of a header were lost"
        assert seen["HTTP_X_ONE"] == "1"

    @sentence(*READS)
    def test_a_body_with_a_length_is_received_completely(self, server: Running) -> None:
        body = os.urandom(3 * MIB + 7)
        answer = server.talk(request("POST", "/echo", b"Content-Length: %d" % len(body)) + CLOSE + body)[0]
        assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
        assert answer.environ()["CONTENT_LENGTH"] == str(len(body))

    @sentence(*READS)
    def test_a_chunked_body_is_received_completely(self, server: Running) -> None:
        head = request("POST", "/echo", b"Transfer-Encoding: chunked") + CLOSE
        answer = server.talk(head + b"3\r\nabc\r\n", b"5;x=y\r\ndefgh\r\n", b"0\r\n\r\n")[0]
        assert answer.json()["sha256"] == hashlib.sha256(b"abcdefgh").hexdigest()

    @sentence(*READS)
    def test_a_slow_body_is_received_completely(self, server: Running) -> None:
        answer = server.talk(request("POST", "/echo", b"Content-Length: 9") + CLOSE + b"abc", b"def", b"ghi")[0]
        assert answer.json()["size"] == 9

    @sentence(*TRUNCATED)
    def test_a_body_shorter_than_its_length_is_incomplete(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Content-Length: 9") + CLOSE + b"abc")
            connection.shutdown(socket.SHUT_WR)
            answers = parse_answers(receive(connection), ["POST"])
        # A server may pass the incomplete request to the application, which notices, or drop it.
        assert [answer.json()["size"] for answer in answers] in ([3], [])
        assert server.get("/nothing").status == 204

    @sentence(*TRUNCATED)
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
        if self.detects_truncated_chunks:
            assert [answer.status for answer in answers] in ([400], [])
            assert all(answer.headers["Connection"] == "close" for answer in answers)
        else:
            assert [answer.json()["size"] for answer in answers] in ([3], [6])
        assert "Traceback" not in server.log()[before:]

    @sentence(*CONTINUE)
    @pytest.mark.parametrize("field", [b"Expect: 100-continue", b"EXPECT: 100-Continue"])
    def test_expect_gets_100_before_the_body_is_sent(self, server: Running, field: bytes) -> None:
        head = request("PUT", "/echo", b"Content-Length: 3", field) + CLOSE
        with server.connect() as connection:
            connection.sendall(head)
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"abc")
            assert parse_answers(receive(connection), ["PUT"])[-1].json()["size"] == 3

    @sentence(*CONTINUE)
    def test_expect_without_a_body_gets_a_response(self, server: Running) -> None:
        answers = server.talk(request("GET", "/sized", b"Expect: 100-continue") + CLOSE)
        assert [answer.status for answer in answers] == [200]

    @sentence(
        "ServerDriver",
        "If the end of a request is ambiguous (RFC 9112, 6.1 and 6.3), its response is the last on the connection.",
    )
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

    @sentence("ServerDriver", "A target of 8,000 bytes is accepted.")
    def test_a_long_target_is_accepted(self, server: Running) -> None:
        target = "/echo/" + "a" * 8000
        assert server.get(target).environ()["PATH_INFO"] == target

    @sentence(
        "ServerDriver",
        "A malformed request gets a status of 4xx or no response, and does not affect other clients.",
    )
    @pytest.mark.parametrize(
        "head",
        [
            pytest.param(b"NONSENSE\r\n\r\n", id="no request"),
            pytest.param(request("GET", "/" + "a" * 600_000) + CLOSE, id="endless target"),
            pytest.param(request("GET", "/", b"Content-Length: x") + CLOSE, id="length that is no number"),
            pytest.param(request("PUT", "/echo", b"Content-Length: +3") + CLOSE + b"abc", id="length with a sign"),
            pytest.param(
                request("PUT", "/echo", b"Content-Length: 0_3") + CLOSE + b"abc", id="length with an underscore"
            ),
            pytest.param(request("GET", "/", b"X: " + b"y" * 600_000) + CLOSE, id="endless header"),
        ],
    )
    def test_a_malformed_request_is_rejected(self, server: Running, head: bytes) -> None:
        # Closing the connection without a response is also a rejection.
        assert all(400 <= answer.status < 500 for answer in server.talk(head))
        assert server.get("/nothing").status == 204
