"""A server with canned responses."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from threading import Thread
from types import TracebackType
from typing import Final, Self

from entrepot_benchmarks.load.wire import Origin

__all__ = ["CLOSE", "UNREAD", "Canned"]

CLOSE: Final = b"<close>"
"""Suffix of a response after which the connection is closed."""

UNREAD: Final = b"<unread>"
"""Prefix of a response that is sent before the request body is read; nothing is read after it."""


class Canned:
    """Listens on 127.0.0.1 within a with block, and sends the responses in order, repeating the last one.

    ``requests`` contains head and body of each request.
    """

    def __init__(self, *answers: bytes) -> None:
        self.answers: Sequence[bytes] = answers
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = Origin("127.0.0.1", self._listener.getsockname()[1])
        self.address = self.origin.authority

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                while (request := self._request(client)) is not None:
                    number = min(len(self.requests), len(self.answers) - 1)
                    self.requests.append(request)
                    answer = self.answers[number].removeprefix(UNREAD)
                    client.sendall(answer.removesuffix(CLOSE))
                    if answer.endswith(CLOSE):
                        return
            except ConnectionError:
                return

    def _request(self, client: socket.socket) -> bytes | None:
        received = b""
        while b"\r\n\r\n" not in received:
            more = client.recv(2**16)
            if not more:
                return None
            received += more
        if self.answers[min(len(self.requests), len(self.answers) - 1)].startswith(UNREAD):
            return received
        head, _, begun = received.partition(b"\r\n\r\n")
        body = bytearray(begun)
        size = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        while len(body) < size:
            more = client.recv(2**20)
            if not more:
                return None
            body += more
        return head + b"\r\n\r\n" + bytes(body)
