"""Messages of HTTP/1.1 as bytes."""

from __future__ import annotations

import email
import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Final

__all__ = ["CLOSE", "HOST", "MIB", "Answer", "parse_answers", "receive", "request"]

HOST: Final = b"Host: registry.example\r\n"
CLOSE: Final = b"Connection: close\r\n\r\n"
MIB: Final = 2**20


@dataclass(frozen=True)
class Answer:
    """A response; ``whole`` is False if the connection ended before the body did."""

    status: int
    headers: Message
    body: bytes
    whole: bool

    def json(self) -> dict[str, object]:
        """Return the body as JSON."""
        value: dict[str, object] = json.loads(self.body)
        return value

    def environ(self) -> dict[str, str]:
        """Return the environ of the request as seen by the echo application."""
        value = self.json()["environ"]
        assert isinstance(value, dict)
        return value


def request(method: str, target: str, *fields: bytes) -> bytes:
    """Return the head of a request, to be ended by CLOSE or an empty line."""
    return f"{method} {target} HTTP/1.1\r\n".encode("latin-1") + HOST + b"".join(field + b"\r\n" for field in fields)


def receive(connection: socket.socket) -> bytes:
    """Return everything received until the end of the connection."""
    received = bytearray()
    # A server that rejects an unread body may reset the connection.
    with suppress(ConnectionResetError):
        while chunk := connection.recv(2**20):
            received += chunk
    return bytes(received)


def parse_answers(data: bytes, methods: Sequence[str]) -> list[Answer]:
    """Return the responses to requests with these methods; those of status 100 belong to no request."""
    answers = []
    expected = list(methods)
    while data and expected:
        head, _, data = data.partition(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        status, headers = int(line.split()[1]), email.message_from_bytes(fields)
        size = int(headers.get("Content-Length", 0))
        if expected[0] == "HEAD" or status in {100, 204, 304}:
            size = 0
        answers.append(Answer(status, headers, data[:size], len(data) >= size))
        data = data[size:]
        if status != 100:
            expected.pop(0)
    return answers
