"""A minimal HTTP/1.1 client for registries on a plain socket."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urljoin, urlsplit

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import Payload

__all__ = ["Connection", "Origin", "Response", "connect"]

BUFFER = 2**20
MAX_HEAD = 2**16
PATIENCE = 120
CONNECT_SECONDS = 10.0
REDIRECTS = (301, 302, 303, 307, 308)
MAX_HOPS = 5
STATUS = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: |$)")
URL_HINT = "expected a URL such as http://HOST:PORT or https://HOST"


@dataclass(frozen=True, slots=True)
class Origin:
    """The address of a server; ``headers`` are sent with every request, and may be secret.

    ``ca`` is a file with the CA certificate of the server, or None for the CAs of the system.
    """

    host: str
    port: int
    tls: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    ca: Path | None = None

    @property
    def authority(self) -> str:
        """Host and port, as in the Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of a URL, without its user and password.

        Raises BenchmarkError if it is not an HTTP URL.
        """
        try:
            parts = urlsplit(url)
            usual = {"http": 80, "https": 443}[parts.scheme]
            port = usual if parts.port is None else parts.port
        except (KeyError, ValueError):
            raise BenchmarkError(URL_HINT) from None  # not chained: an invalid URL may contain a password anywhere
        if not parts.hostname:
            raise BenchmarkError(URL_HINT)
        return cls(parts.hostname, port, parts.scheme == "https")


def connect(origin: Origin, patience: int = PATIENCE) -> socket.socket:
    """Return a connected socket with a timeout of ``patience`` seconds without data.

    The timeout is set in the kernel: a Python timeout would make the socket non-blocking, which does not work with
    ``os.sendfile``. Raises BenchmarkError if the connection fails.
    """
    try:
        sock = socket.create_connection((origin.host, origin.port), timeout=CONNECT_SECONDS)
        try:
            sock.settimeout(None)
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", patience, 0))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not origin.tls:
                return sock
            return ssl.create_default_context(cafile=origin.ca).wrap_socket(sock, server_hostname=origin.host)
        except BaseException:
            sock.close()
            raise
    except (OSError, UnicodeError) as error:  # UnicodeError: an invalid host name
        reason = getattr(error, "strerror", None) or str(error)
        raise BenchmarkError(f"{origin.authority} cannot be reached: {reason}") from error


@dataclass(frozen=True, slots=True)
class Response:
    """A status, the headers with names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str:
        """The path and query of the Location header, which may be absolute or relative.

        Raises BenchmarkError if there is none.
        """
        if "location" not in self.headers:
            raise BenchmarkError(f"the response with status {self.status} has no Location header")
        return _path(self.headers["location"])


class Connection:
    """A keep-alive connection, which is reopened if the server has announced that it closes it.

    ``patience`` is the timeout in seconds without data. All errors are raised as BenchmarkError.
    """

    def __init__(self, origin: Origin, patience: int = PATIENCE) -> None:
        self._origin = origin
        self._patience = patience
        self._sock = connect(origin, patience)
        self._early = b""
        self._ended = False
        self._buffer = memoryview(bytearray(BUFFER))
        self._elsewhere: dict[Origin, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, and those to which pulls were redirected."""
        self._sock.close()
        for other in self._elsewhere.values():
            other.close()

    def request(
        self, method: str, path: str, *, expect: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request and read the complete response.

        Raises BenchmarkError if the status is not ``expect``.
        """
        response = self.ask(method, path, body=body, headers=headers)
        return _expected(expect, response, method, path)

    def ask(self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
        """Send a request and read the complete response, with any status."""
        head = self._head(method, path, len(body), headers or {})
        return self._exchange(method, path, lambda: self._sock.sendall(head + body))

    def send(
        self, method: str, path: str, payload: Payload, *, expect: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Like ``request``, with ``payload`` as the body."""
        octets = {"Content-Type": "application/octet-stream", **(headers or {})}
        head = self._head(method, path, payload.size, octets)

        def send() -> None:
            self._sock.sendall(head)
            payload.send(self._sock)

        return _expected(expect, self._exchange(method, path, send), method, path)

    def again(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Callable[[], int]:
        """Return a function that sends the same request on each call and returns the size of the body in bytes.

        It has minimal overhead. It raises BenchmarkError for any status but 200; GET follows redirects like ``pull``.
        """
        head = self._head(method, path, 0, headers or {})

        def fetch() -> int:
            self._renew()
            try:
                self._sock.sendall(head)
                received = self._sock.recv(BUFFER)
            except OSError as error:
                raise self._broken(path, error) from error
            end = received.find(b"\r\n\r\n")
            lower = received[: max(end, 0)].lower()
            at = lower.find(b"\r\ncontent-length:")
            if received[9:12] != b"200" or at < 0 or method == "HEAD" or b"\r\nconnection: close" in lower:
                self._early = received
                response = self._response(method, path)
                if method == "GET" and response.status in REDIRECTS:
                    return self._follow(path, response.headers, None, 1)
                return len(_expected(200, response, method, path).body)
            size = _number(lower[at + 17 :].partition(b"\r\n")[0], path)
            left = size - (len(received) - end - 4)
            while left > 0:
                left -= len(self._receive(path))
            return size

        return fetch

    def pull(self, path: str, *, digest: str | None = None, hops: int = 0) -> int:
        """GET ``path``, discard the body, and return its size in bytes.

        Redirects are followed, to another origin without the headers; ``hops`` is the number of redirects so far.
        Raises BenchmarkError if the status is not 200, or the content does not match ``digest``.
        """
        self._renew()
        try:
            self._sock.sendall(self._head("GET", path, 0, {}))
        except OSError as error:
            raise self._broken(path, error) from error
        status, headers = self._response_head(path)
        if status in REDIRECTS:
            self._body(headers, path)
            return self._follow(path, headers, digest, hops + 1)
        if status != 200:
            _expected(200, Response(status, headers, self._body(headers, path)), "GET", path)
        hasher = hashlib.sha256() if digest else None
        size = self._drop(headers, path, lambda data: hasher.update(data) if hasher else None)
        if hasher is not None and digest != f"sha256:{hasher.hexdigest()}":
            raise BenchmarkError(f"GET {path} returned content that does not match {digest}")
        return size

    def _drop(self, headers: Mapping[str, str], path: str, see: Callable[[bytes | memoryview], None]) -> int:
        """Receive a body, pass it to ``see``, and return its size."""
        if "content-length" not in headers:
            body = self._body(headers, path)
            see(body)
            return len(body)
        size = _number(headers["content-length"].encode(), path)
        early, self._early = self._early[:size], self._early[size:]
        see(early)
        left = size - len(early)
        while left:
            try:
                count = self._sock.recv_into(self._buffer, min(BUFFER, left))
            except OSError as error:
                raise self._broken(path, error) from error
            if not count:
                raise BenchmarkError(f"the response to GET {path} ended {left} bytes early")
            see(self._buffer[:count])
            left -= count
        return size

    def _follow(self, path: str, headers: Mapping[str, str], digest: str | None, hops: int) -> int:
        if hops > MAX_HOPS:
            raise BenchmarkError(f"GET {path} was redirected more than {MAX_HOPS} times")
        here = f"{'https' if self._origin.tls else 'http'}://{self._origin.authority}{path}"
        try:
            target = urljoin(here, headers["location"])
        except (KeyError, ValueError) as error:
            raise BenchmarkError(f"GET {path} was redirected to an invalid URL") from error
        there = Origin.of(target)
        if (there.host, there.port, there.tls) == (self._origin.host, self._origin.port, self._origin.tls):
            return self.pull(_path(target), digest=digest, hops=hops)
        if there not in self._elsewhere:
            self._elsewhere[there] = Connection(there, self._patience)
        return self._elsewhere[there].pull(_path(target), digest=digest, hops=hops)

    def _renew(self) -> None:
        if self._ended:
            self._sock.close()
            self._sock = connect(self._origin, self._patience)
            self._early, self._ended = b"", False

    def _exchange(self, method: str, path: str, send: Callable[[], None]) -> Response:
        self._renew()
        broken: OSError | None = None
        try:
            send()
        except OSError as error:  # the server may have rejected the body and responded already
            broken = error
        try:
            response = self._response(method, path)
        except BenchmarkError:
            if broken is None:
                raise
            raise self._broken(path, broken) from broken
        self._ended = self._ended or broken is not None
        return response

    def _head(self, method: str, path: str, length: int, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._origin.authority}", "User-Agent: entrepot-benchmarks"]
        lines += [f"{name}: {value}" for name, value in {**self._origin.headers, **headers}.items()]
        if method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _response(self, method: str, path: str) -> Response:
        status, headers = self._response_head(path)
        body = b"" if method == "HEAD" or status in (204, 304) else self._body(headers, path)
        return Response(status, headers, body)

    def _body(self, headers: Mapping[str, str], path: str) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunked(path)
        if "content-length" not in headers and self._ended:
            return self._rest()
        size = _number(headers.get("content-length", "0").encode(), path)
        parts, have = [self._early], len(self._early)
        while have < size:
            parts.append(self._receive(path))
            have += len(parts[-1])
        body = b"".join(parts)
        self._early = body[size:]
        return body[:size]

    def _rest(self) -> bytes:
        """Read until the server closes the connection."""
        parts, self._early = [self._early], b""
        try:
            while data := self._sock.recv(BUFFER):
                parts.append(data)
        except OSError as error:
            raise self._broken("the rest", error) from error
        return b"".join(parts)

    def _chunked(self, path: str) -> bytes:
        body = b""
        while size := _number(self._line(path).partition(b";")[0], path, 16):
            while len(self._early) < size + 2:
                self._early += self._receive(path)
            body += self._early[:size]
            self._early = self._early[size + 2 :]
        while self._line(path):
            pass  # trailers
        return body

    def _line(self, path: str) -> bytes:
        while b"\r\n" not in self._early:
            if len(self._early) > MAX_HEAD:
                raise BenchmarkError(f"the response to {path} has a line that is too long: is this a registry?")
            self._early += self._receive(path)
        line, self._early = self._early.split(b"\r\n", 1)
        return line

    def _response_head(self, path: str) -> tuple[int, dict[str, str]]:
        while True:
            received, self._early = self._early, b""
            while b"\r\n\r\n" not in received:
                if len(received) > MAX_HEAD:
                    raise BenchmarkError(f"the headers of the response to {path} are too long: is this a registry?")
                received += self._receive(path)
            head, self._early = received.split(b"\r\n\r\n", 1)
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            found = STATUS.match(first)
            if found is None:
                raise BenchmarkError(f"{self._origin.authority} is not an HTTP server: it sent {first[:80]!r}")
            kept = headers.get("connection", "keep-alive" if found[1] == "1" else "close").lower()
            self._ended = kept == "close"
            if not found[2].startswith("1"):
                return int(found[2]), headers

    def _receive(self, path: str) -> bytes:
        try:
            data = self._sock.recv(BUFFER)
        except OSError as error:
            raise self._broken(path, error) from error
        if not data:
            raise BenchmarkError(f"{self._origin.authority} closed the connection before responding to {path}")
        return data

    def _broken(self, path: str, error: OSError) -> BenchmarkError:
        self._ended = True
        if isinstance(error, (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)):
            return BenchmarkError(f"{self._origin.authority} sent nothing for {self._patience} s in response to {path}")
        reason = error.strerror or str(error)
        return BenchmarkError(f"the connection to {self._origin.authority} failed in a request for {path}: {reason}")


def _expected(expect: int, response: Response, method: str, path: str) -> Response:
    if response.status != expect:
        body_start = response.body[:300]
        raise BenchmarkError(f"{method} {path} answered {response.status}, not {expect}: {body_start!r}")
    return response


def _number(text: bytes, path: str, base: int = 10) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise BenchmarkError(f"the response to {path} has the invalid length {text[:40]!r}: is this a registry?")
    return number


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
