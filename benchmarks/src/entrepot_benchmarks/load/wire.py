"""HTTP/1.1 on a bare socket, as much of it as a registry's client needs and no more."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urljoin, urlsplit

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import Payload

__all__ = ["Connection", "Origin", "Response", "connect"]

BUFFER = 2**20
MOST_HEAD = 2**16
PATIENCE = struct.pack("ll", 120, 0)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a server listens; ``headers`` go with every request, and may be secret."""

    host: str
    port: int
    tls: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def authority(self) -> str:
        """Host and port, as in a Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL, without its user and password.

        Raises BenchmarkError where it is no URL of HTTP.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        except (KeyError, ValueError) as error:
            raise BenchmarkError(f"{parts.scheme}://{parts.hostname}: give http://HOST:PORT or https://") from error
        return cls(parts.hostname or "", port, parts.scheme == "https")


def connect(origin: Origin) -> socket.socket:
    """A connected socket that gives up after 120 seconds of silence.

    The kernel counts them: a Python timeout would make the socket non-blocking, which ``os.sendfile`` cannot use.
    Raises BenchmarkError where nobody listens.
    """
    try:
        sock = socket.create_connection((origin.host, origin.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ssl.create_default_context().wrap_socket(sock, server_hostname=origin.host) if origin.tls else sock
    except OSError as error:
        raise BenchmarkError(f"{origin.authority} cannot be reached: {error}") from error


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
    """One keep-alive connection."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._sock = connect(origin)
        self._early = b""
        self._buffer = memoryview(bytearray(BUFFER))
        self._elsewhere: dict[Origin, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and those to which pulls were redirected."""
        self._sock.close()
        for other in self._elsewhere.values():
            other.close()

    def request(
        self, method: str, path: str, *, expect: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request and read the answer whole.

        Raises BenchmarkError where the status is another than ``expect``.
        """
        response = self.ask(method, path, body=body, headers=headers)
        if response.status != expect:
            raise BenchmarkError(f"{method} {path} answered {response.status}, not {expect}: {response.body[:300]!r}")
        return response

    def ask(self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
        """Send a request and read the answer whole, whatever its status."""
        self._sock.sendall(self._head(method, path, len(body), headers or {}) + body)
        return self._response(method, path)

    def send(
        self, method: str, path: str, payload: Payload, *, expect: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request whose body is ``payload``, like ``request``."""
        octets = {"Content-Type": "application/octet-stream", **(headers or {})}
        self._sock.sendall(self._head(method, path, payload.size, octets))
        payload.send(self._sock)
        response = self._response(method, path)
        if response.status != expect:
            raise BenchmarkError(f"{method} {path} answered {response.status}, not {expect}: {response.body[:300]!r}")
        return response

    def again(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Callable[[], int]:
        """A function that sends the same request each time, and answers the size of the body in bytes.

        It costs the generator as little as can be; any status but 200 raises BenchmarkError.
        """
        head = self._head(method, path, 0, headers or {})

        def fetch() -> int:
            self._sock.sendall(head)
            received = self._sock.recv(BUFFER)
            end = received.find(b"\r\n\r\n")
            if received[9:12] != b"200" or end < 0:
                self._early = received
                response = self._response(method, path)
                if response.status == 200:
                    return len(response.body)
                raise BenchmarkError(f"{method} {path} answered {response.status}: {response.body[:300]!r}")
            lower = received[:end].lower()
            at = lower.find(b"\r\ncontent-length:")
            if method == "HEAD" or at < 0:
                self._early = received
                return len(self._response(method, path).body)
            size = int(lower[at + 17 : lower.find(b"\r\n", at + 17) if lower.find(b"\r\n", at + 17) > 0 else end])
            left = size - (len(received) - end - 4)
            while left > 0:
                left -= len(self._receive(path))
            return size

        return fetch

    def pull(self, path: str, *, digest: str | None = None) -> int:
        """GET ``path``, drop its body, and answer its size in bytes; a redirect is followed, without the headers.

        Raises BenchmarkError where the status is not 200, or the digest is another than the one that is given.
        """
        self._sock.sendall(self._head("GET", path, 0, {}))
        status, headers = self._response_head(path)
        if status in (301, 302, 303, 307, 308):
            self._body(status, headers, path)
            target = urljoin(
                f"{'https' if self._origin.tls else 'http'}://{self._origin.authority}{path}", headers["location"]
            )
            parts = urlsplit(target)
            other = self._elsewhere.setdefault(Origin.of(target), Connection(Origin.of(target)))
            return other.pull(f"{parts.path}?{parts.query}" if parts.query else parts.path, digest=digest)
        if status != 200:
            said = self._body(status, headers, path)[:300]
            raise BenchmarkError(f"GET {path} answered {status}, not 200: {said!r}")
        size = int(headers["content-length"])
        hasher = hashlib.sha256(self._early) if digest else None
        left = size - len(self._early)
        self._early = b""
        buffer = self._buffer
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
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._origin.authority}", "User-Agent: entrepot-benchmarks"]
        lines += [f"{name}: {value}" for name, value in {**self._origin.headers, **headers}.items()]
        if method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _response(self, method: str, path: str) -> Response:
        status, headers = self._response_head(path)
        body = b"" if method == "HEAD" or status in (204, 304) else self._body(status, headers, path)
        return Response(status, headers, body)

    def _body(self, status: int, headers: Mapping[str, str], path: str) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunked(path)
        size = int(headers.get("content-length", 0))
        parts, have = [self._early], len(self._early)
        self._early = b""
        while have < size:
            parts.append(self._receive(path))
            have += len(parts[-1])
        return b"".join(parts)

    def _chunked(self, path: str) -> bytes:
        body = b""
        while True:
            size = int(self._line(path).partition(b";")[0], 16)
            while len(self._early) < size + 2:
                self._early += self._receive(path)
            body += self._early[:size]
            self._early = self._early[size + 2 :]
            if not size:
                return body

    def _line(self, path: str) -> bytes:
        while b"\r\n" not in self._early:
            self._early += self._receive(path)
        line, self._early = self._early.split(b"\r\n", 1)
        return line

    def _response_head(self, path: str) -> tuple[int, dict[str, str]]:
        received = self._early
        while b"\r\n\r\n" not in received:
            if len(received) > MOST_HEAD:
                raise BenchmarkError(f"the answer for {path} has no end of its headers: is this a registry?")
            received += self._receive(path)
        head, self._early = received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        try:
            return int(first.split(" ")[1]), headers
        except (IndexError, ValueError) as error:
            raise BenchmarkError(f"{self._origin.authority} does not speak HTTP: it said {first[:80]!r}") from error

    def _receive(self, path: str) -> bytes:
        try:
            data = self._sock.recv(BUFFER)
        except BlockingIOError as error:
            raise BenchmarkError(f"the server was silent for 120 s when it was asked for {path}") from error
        if not data:
            raise BenchmarkError(f"the server closed the connection before it answered for {path}")
        return data
