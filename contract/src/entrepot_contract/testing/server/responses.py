"""Tests of responses, and of clients that disconnect."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import pytest

from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.server.base import ServerBase
from entrepot_contract.testing.server.messages import CLOSE, MIB, request
from entrepot_contract.testing.server.running import Running, eventually

__all__ = ["ResponseContract"]

UNREAD: Final = (
    "ServerDriver",
    "If the application may leave a body unread, INPUT_TIMEOUT and CLOSE_CONNECTION are in the environment.",
)
BODILESS: Final = ("ServerDriver", "The response to HEAD and those with status 204 and 304 have no body;")
DISCONNECTS: Final = ("ServerDriver", "A client that disconnects does not affect others.")


class ResponseContract(ServerBase):
    """Tests of responses, and of clients that disconnect."""

    @sentence(*BODILESS)
    def test_head_has_the_length_and_no_body(self, server: Running) -> None:
        head, after = server.talk(
            request("HEAD", "/sized") + b"\r\n", request("GET", "/nothing") + CLOSE, methods=["HEAD", "GET"]
        )
        assert (head.status, head.headers["Content-Length"]) == (200, "1000")
        assert after.status == 204

    @sentence(*BODILESS)
    @pytest.mark.parametrize(("target", "status"), [("/nothing", 204), ("/unchanged", 304)])
    def test_a_response_without_a_body_ends_where_the_next_begins(
        self, server: Running, target: str, status: int
    ) -> None:
        first, *others = server.talk(
            request("GET", target) + b"\r\n" + request("GET", "/sized") + CLOSE, methods=["GET", "GET"]
        )
        assert first.status == status
        # A server may close the connection afterwards, if it announces it.
        assert [len(other.body) for other in others] == [1000] or first.headers["Connection"] == "close"

    @sentence("ServerDriver", "They are sent in the order of the requests (RFC 9112, 9.3.2)")
    def test_pipelined_requests_are_answered_in_order(self, server: Running) -> None:
        wanted = [f"/echo/{number}" for number in range(5)]
        heads = [request("GET", target) for target in wanted]
        answers = server.talk(b"\r\n".join(heads) + CLOSE, methods=["GET"] * 5)
        assert [answer.environ()["PATH_INFO"] for answer in answers] == wanted

    @sentence("ServerDriver", "with all header fields of the application.")
    def test_a_header_can_be_sent_twice(self, server: Running) -> None:
        assert server.get("/twice").headers.get_all("X-Twice") == ["1", "2"]

    @sentence("ServerDriver", "a larger one is sent completely.")
    def test_a_large_response_is_sent_completely(self, server: Running) -> None:
        answer = server.get("/stream?40")
        assert answer.whole
        assert len(answer.body) == 40 * MIB

    @sentence(*UNREAD)
    def test_an_error_before_the_body_was_read_reaches_the_client(self, server: Running) -> None:
        head = request("PUT", "/refuse", b"Content-Length: 3") + CLOSE
        answer = server.talk(head + b"abc")[0]
        assert (answer.status, answer.body) == (413, b"large")

    @sentence("ServerDriver", "If its iterator raises, a response is recognizably incomplete.")
    def test_an_aborted_response_is_recognizably_incomplete(self, server: Running) -> None:
        assert not any(answer.whole for answer in server.talk(request("GET", "/cut") + CLOSE))

    @sentence("ServerDriver", "If its iterator raises, a response is recognizably incomplete.")
    def test_an_aborted_response_without_a_length_is_recognizably_incomplete(self, server: Running) -> None:
        received, reset = b"", False
        with server.connect() as connection:
            connection.sendall(request("GET", "/cutoff") + CLOSE)
            try:
                while chunk := connection.recv(10_000):
                    received += chunk
            except ConnectionResetError:
                reset = True
        head, _, body = received.partition(b"\r\n\r\n")
        chunked = b"transfer-encoding: chunked" in head.lower()
        refused = received.startswith(b"HTTP/1.1 500 ")
        assert reset or chunked or refused or not received, (
            "only the end of the connection ends a response that was aborted"
        )
        assert not body.endswith(b"0\r\n\r\n"), "a response whose iterator raised has the end of a complete one"

    @sentence("ServerDriver", 'Its iterable is closed when the response ends, however that is (PEP 3333, "close").')
    def test_the_iterable_of_a_response_is_closed_once(self, server: Running) -> None:
        assert server.get("/closing?whole-2").whole
        server.talk(request("HEAD", "/closing?head-2") + CLOSE, methods=["HEAD"])
        assert server.get("/closing?empty-0").whole
        with server.connect() as connection:
            connection.sendall(request("GET", "/closing?gone-64") + CLOSE)
            connection.recv(1000)
        for name in ("whole", "head", "empty", "gone"):
            file = server.folder / f"ended-{name}"
            closed = eventually(partial(_is_written, file))
            assert closed, f"the iterable of a response ({name}) was not closed"
            assert file.read_text() == "closed\n", f"the iterable of a response ({name}) was closed several times"

    @sentence(
        "ServerDriver",
        "An exception of the application before it is a response with status 500 that does not show the exception.",
    )
    def test_an_application_error_is_not_shown_to_the_client(self, server: Running) -> None:
        answer = server.get("/raise")
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert b"Traceback" not in answer.body

    @sentence(*DISCONNECTS)
    def test_a_client_that_disconnects_during_a_response_does_not_affect_others(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(request("GET", "/stream?40") + CLOSE)
            connection.recv(1000)
        assert server.get("/sized").whole

    @sentence(*DISCONNECTS)
    def test_a_client_that_disconnects_during_its_body_does_not_affect_others(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(request("POST", "/echo", b"Content-Length: 1000000") + CLOSE + b"abc")
        assert server.get("/sized").whole


def _is_written(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0
