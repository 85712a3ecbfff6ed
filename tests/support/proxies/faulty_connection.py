"""A client connection through the fault proxy, with its own connection to the server."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

from support.proxies.faults import Fault
from support.proxies.http_framing import Head, Stream, body_of_answer, body_of_request
from support.services.network import HOST

__all__ = ["Exchange", "FaultyConnection"]


@dataclass(slots=True)
class Exchange:
    """A request and the status of its response, which is 0 until the response begins."""

    method: str
    target: str
    status: int = 0


Begin = Callable[[str, str], tuple[Exchange, Fault]]


class _HangUp(Exception):  # noqa: N818 - not an error
    """Raised to close this connection."""


class FaultyConnection(Thread):
    """Forward requests and responses until one side closes. ``begin`` returns the fault of a request."""

    def __init__(
        self, client: socket.socket, target_port: int, begin: Begin, ended: Callable[[FaultyConnection], None]
    ) -> None:
        super().__init__(name="fault-proxy-connection", daemon=True)
        self._client = client
        self._target_port = target_port
        self._begin = begin
        self._ended = ended
        self._server: socket.socket | None = None

    def run(self) -> None:
        with suppress(OSError, _HangUp), self._client:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._server = socket.create_connection((HOST, self._target_port))
            with self._server:
                self._server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pass_all(self._server)
        self._ended(self)

    def close(self) -> None:
        """Close both connections from another thread, and wait until this thread ends."""
        for end in (self._client, self._server):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.join()

    def _pass_all(self, server: socket.socket) -> None:
        requests, answers = Stream(self._client), Stream(server)
        while True:
            if not requests.ahead:
                # Detect that the server closed an idle connection before a request is lost on it.
                readable, _, _ = select.select((self._client, server), (), ())
                if server in readable:
                    return
            if (request := Head.read(requests)) is None:
                return
            exchange, fault = self._begin(request.start[0], request.start[1])
            if fault.hang:
                fault.lifted.wait()
                return
            fault.lifted.wait(fault.delay)
            if fault.canned is not None:
                self._answer(request, requests, exchange, fault)
            else:
                self._pass_one(request, requests, answers, server, exchange, fault)

    def _answer(self, request: Head, requests: Stream, exchange: Exchange, fault: Fault) -> None:
        assert fault.canned is not None
        if not request.waiting:
            for _ in body_of_request(request, requests):
                pass
        exchange.status = fault.canned.status
        self._client.sendall(fault.canned.raw(request.start[0]))
        if request.waiting:
            self._linger()

    def _pass_one(
        self, request: Head, requests: Stream, answers: Stream, server: socket.socket, exchange: Exchange, fault: Fault
    ) -> None:
        server.sendall(request.raw)
        sender = Thread(
            target=_send_body, args=(request, requests, server, fault), name="fault-proxy-body", daemon=True
        )
        with_body = request.chunked or request.headers.get("content-length", "0") != "0"
        if with_body:
            sender.start()
        try:
            wanted = not request.waiting
            while (answer := Head.read(answers)) is not None:
                status = int(answer.start[1])
                if status >= 200:
                    break
                wanted = True
                self._client.sendall(answer.raw)
            if answer is None or fault.drop:
                raise _HangUp  # noqa: TRY301 - the sender below must end first
            exchange.status = status
            self._client.sendall(answer.raw)
            body = body_of_answer(answer, request.start[0], answers)
            for data in fault.paced(fault.shortened(body)):
                self._client.sendall(data)
            if request.closing or answer.closing or not wanted:
                self._linger()
        except BaseException:
            # Otherwise the thread that sends the body would wait for a client that waits for a response.
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            raise
        finally:
            if with_body:
                sender.join()

    def _linger(self) -> None:
        """Close so that a client which is still sending can read the response first."""
        self._client.shutdown(socket.SHUT_WR)
        if self._server is not None:
            with suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
        raise _HangUp


def _send_body(request: Head, requests: Stream, server: socket.socket, fault: Fault) -> None:
    """Forward a request body. If the server stops reading, read the body to its end anyway."""
    body = fault.paced(body_of_request(request, requests))
    try:
        for data in body:
            server.sendall(data)
    except OSError:
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            for _ in body:
                pass
