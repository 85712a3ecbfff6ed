"""HTTP/1.1 on a bare socket, as much of it as a registry's client needs and no more."""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import Payload

__all__ = ["Connection", "Response", "connect"]

BUFFER = 2**20
PATIENCE = struct.pack("ll", 120, 0)


def connect(port: int) -> socket.socket:
    """A connected socket that gives up after 120 seconds of silence.

    The kernel counts them: a Python timeout would make the socket non-blocking, which ``os.sendfile`` cannot use.
    """
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


@dataclass(frozen=True, slots=True)
class Response:
    """A status, the headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str:
        """The path and query of the Location header, which may be absolute or relative."""
        parts = urlsplit(self.headers["location"])
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Connection:
    """One keep-alive connection to 127.0.0.1; ``headers`` go with every request."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._port = port
        self._headers = headers or {}
        self._sock = connect(port)
        self._early = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def request(
        self, method: str, path: str, *, expect: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request and read the answer whole.

        Raises BenchmarkError where the status is another than ``expect``.
        """
        self._sock.sendall(self._head(method, path, len(body), headers or {}) + body)
        return self._response(method, path, expect)

    def send(self, method: str, path: str, payload: Payload, *, expect: int) -> Response:
        """Send a request whose body is ``payload``, like ``request``."""
        octets = {"Content-Type": "application/octet-stream"}
        self._sock.sendall(self._head(method, path, payload.size, octets))
        payload.send(self._sock)
        return self._response(method, path, expect)

    def pull(self, path: str, *, digest: str | None = None) -> int:
        """GET ``path``, drop its body, and answer its size in bytes; ``digest`` is checked where it is given.

        Raises BenchmarkError where the status is not 200 or the digest is another.
        """
        self._sock.sendall(self._head("GET", path, 0, {}))
        status, headers = self._response_head(path)
        size = int(headers["content-length"])
        if status != 200:
            raise BenchmarkError(f"GET {path} answered {status}, not 200")
        hasher = hashlib.sha256(self._early) if digest else None
        left = size - len(self._early)
        self._early = b""
        buffer = memoryview(bytearray(BUFFER))
        while left:
            count = self._sock.recv_into(buffer, min(BUFFER, left))
            if not count:
                raise BenchmarkError(f"GET {path} broke off {left} bytes before its end")
            if hasher is not None:
                hasher.update(buffer[:count])
            left -= count
        if hasher is not None and digest != f"sha256:{hasher.hexdigest()}":
            raise BenchmarkError(f"GET {path} brought other bytes than {digest}")
        return size

    def _head(self, method: str, path: str, length: int, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", "User-Agent: entrepot-benchmarks"]
        lines += [f"{name}: {value}" for name, value in {**self._headers, **headers}.items()]
        if method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _response(self, method: str, path: str, expect: int) -> Response:
        status, headers = self._response_head(path)
        empty = method == "HEAD" or status in (204, 304)
        size = 0 if empty else int(headers.get("content-length", 0))
        body = self._early
        while len(body) < size:
            body += self._receive(path)
        self._early = b""
        if status != expect:
            raise BenchmarkError(f"{method} {path} answered {status}, not {expect}: {body[:300]!r}")
        return Response(status, headers, body)

    def _response_head(self, path: str) -> tuple[int, dict[str, str]]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive(path)
        head, self._early = received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split(" ")[1]), headers

    def _receive(self, path: str) -> bytes:
        data = self._sock.recv(BUFFER)
        if not data:
            raise BenchmarkError(f"the server closed the connection before it answered for {path}")
        return data
