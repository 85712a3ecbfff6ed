"""Clients that stall, and one that does not."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from entrepot_contract.testing.server.messages import HOST, MIB, parse_answers, receive

__all__ = ["IN_ANSWER", "IN_BODY", "IN_HEADERS", "seconds_for_others", "stalled"]

CROWD = 128

IN_HEADERS = b"GET /sized HTTP/1.1\r\n" + HOST
IN_BODY = b"PUT /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 100000000\r\n\r\n" + b"x" * 1000
IN_ANSWER = b"GET /stream?64 HTTP/1.1\r\n" + HOST + b"\r\n"


@contextmanager
def stalled(connect: Callable[[], socket.socket], sent: bytes, count: int = CROWD) -> Iterator[None]:
    """Open connections that send some bytes, and then neither send nor read."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(connect()).sendall(sent)
        yield


def seconds_for_others(connect: Callable[[], socket.socket]) -> float:
    """Return how long a client takes for ten small requests and a push of 8 MiB, each on a new connection."""
    began = time.monotonic()
    body = os.urandom(8 * MIB)
    requests = [b"GET /sized HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"] * 10
    head = b"PUT /echo HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    for request in [*requests, head + body]:
        with connect() as connection:
            connection.sendall(request)
            answer = parse_answers(receive(connection), ["GET"])[0]
            assert answer.whole
            assert answer.status == 200
    assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
    return time.monotonic() - began
