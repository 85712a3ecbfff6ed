"""A low-level registry client: every request and every response is visible to the test."""

from __future__ import annotations

import io
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection, parse_headers
from ssl import SSLContext
from typing import Final
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from support.content import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of

__all__ = ["Answer", "Exchange", "Wire", "WireError", "frame", "with_digest"]

ACCEPT: Final = ", ".join((OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST))


class WireError(Exception):
    """The connection was refused or broke, or the response was incomplete. Whether the request was processed is
    unknown.
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response, with the chunked coding of its body decoded.

    The names of its headers are not case-sensitive. The values of a repeated name are joined by ", " (RFC 9110 section
    5.3).
    """

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes

    def json(self) -> object:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def location(self) -> str:
        """The path and query of the Location header, which may be absolute or relative."""
        parts = urlsplit(self.headers["location"])
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @property
    def received(self) -> int:
        """The number of received bytes of an upload according to the Range header ("0-0" also means none)."""
        last = int(self.headers.get("range", "0-0").rpartition("-")[2])
        return last + 1 if last else 0


class Exchange:
    """A request whose body is sent in chunks. Any error closes its connection."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        """Send the next chunk of the body."""
        with _wire_errors(self._connection):
            self._connection.send(data)

    def send_refusable(self, data: bytes) -> None:
        """Send a body that the server may reject, and respond to, before it has read all of it."""
        with _wire_errors(self._connection), suppress(ConnectionError):
            self._connection.send(data)

    def end_sending(self) -> None:
        """Close the sending half of the connection, regardless of the Content-Length."""
        with _wire_errors(self._connection):
            self._connection.sock.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """Wait for the response and close the connection."""
        with _wire_errors(self._connection):
            response = self._connection.getresponse()
            answer = Answer(response.status, _joined(response.headers), response.read())
        self.close()
        return answer

    def close(self) -> None:
        """Close the connection, possibly in the middle of the body."""
        self._connection.close()


class Wire:
    """Requests to one registry, each on its own connection. ``timeout`` is in seconds for every socket operation."""

    def __init__(self, host: str, port: int, timeout: float = 30, *, tls: SSLContext | None = None) -> None:
        self._host = host
        self._port = port
        self._timeout = timeout
        self._tls = tls

    @property
    def secure(self) -> bool:
        """Whether requests use TLS."""
        return self._tls is not None

    def begin(self, method: str, target: str, length: int, headers: Mapping[str, str] | None = None) -> Exchange:
        """Send the head of a request with a body of ``length`` bytes."""
        connection = self._connection()
        with _wire_errors(connection):
            connection.putrequest(method, target)
            for name, value in {"Content-Length": str(length), **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders()
        return Exchange(connection)

    def _connection(self) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=self._timeout)
        return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)

    def request(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Make a request."""
        exchange = self.begin(method, target, len(body), headers)
        if body:
            exchange.send(body)
        return exchange.answer()

    def exchange(self, request: bytes, *, half_close: bool = False) -> Answer | None:
        """Send exactly these bytes without TLS, and return everything that arrives until the server closes.

        ``half_close`` closes the sending half of the connection. Returns None if nothing arrived.
        """
        received = bytearray()
        with socket.create_connection((self._host, self._port), timeout=self._timeout) as connection:
            # A server may reject a body before it has read it: only the response matters.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                while data := connection.recv(65536):
                    received += data
        return _parse(bytes(received)) if received else None

    def hash_of(self, target: str) -> str:
        """GET a body of any size and return its sha256 digest."""
        connection = self._connection()
        hasher = sha256()
        with closing(connection), _wire_errors(connection):
            connection.request("GET", target)
            response = connection.getresponse()
            assert response.status == 200, response.status
            while data := response.read(2**20):
                hasher.update(data)
        return f"sha256:{hasher.hexdigest()}"

    def start_upload(self, repository: str) -> str:
        """POST an upload and return its location."""
        answer = self.request("POST", f"/v2/{repository}/blobs/uploads/")
        assert answer.status == 202, answer
        return answer.location

    def patch(self, location: str, data: bytes, start: int | None = None) -> Answer:
        """Send the next bytes of an upload, as a chunk that begins at the offset ``start`` if it is set."""
        headers = {"Content-Type": "application/octet-stream"}
        if start is not None:
            headers["Content-Range"] = f"{start}-{start + len(data) - 1}"
        return self.request("PATCH", location, data, headers)

    def status(self, location: str) -> Answer:
        """GET the status of an upload."""
        answer = self.request("GET", location)
        assert answer.status == 204, answer
        return answer

    def finish(self, location: str, digest: str, data: bytes = b"") -> Answer:
        """Complete an upload with its last bytes."""
        target = with_digest(location, digest)
        return self.request("PUT", target, data, {"Content-Type": "application/octet-stream"})

    def push_blob(self, repository: str, data: bytes) -> Answer:
        """POST, then PUT all bytes."""
        return self.finish(self.start_upload(repository), digest_of(data), data)

    def push_manifest(self, repository: str, reference: str, manifest: bytes) -> Answer:
        """PUT an OCI image manifest."""
        return self.request("PUT", f"/v2/{repository}/manifests/{reference}", manifest, {"Content-Type": OCI_MANIFEST})

    def blob(self, repository: str, digest: str) -> Answer:
        """GET a blob."""
        return self.request("GET", f"/v2/{repository}/blobs/{digest}")

    def manifest(self, repository: str, reference: str, method: str = "GET") -> Answer:
        """GET a manifest of any kind."""
        return self.request(method, f"/v2/{repository}/manifests/{reference}", headers={"Accept": ACCEPT})

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository, or none if it does not exist."""
        answer = self.request("GET", f"/v2/{repository}/tags/list")
        return [] if answer.status == 404 else _names(answer, "tags")

    def catalog(self) -> list[str]:
        """Return the repositories."""
        return _names(self.request("GET", "/v2/_catalog"), "repositories")


def with_digest(location: str, digest: str) -> str:
    """Return the URL that completes an upload. The existing query is kept unchanged."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def frame(method: str, target: str, headers: dict[str, str], body: bytes, *, chunked: bool, declared: int) -> bytes:
    """Encode a request, after which the server closes. ``declared`` is the value of Content-Length, in bytes."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        middle = len(body) // 2
        parts = [part for part in (body[:middle], body[middle:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    elif declared or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {declared}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def _parse(data: bytes) -> Answer:
    stream = io.BytesIO(data)
    while True:
        line = stream.readline()
        match = re.fullmatch(rb"HTTP/1\.[01] (\d{3})( [^\r\n]*)?\r\n", line)
        assert match, f"not a status line: {line[:200]!r}"
        headers = _joined(parse_headers(stream))
        if not match[1].startswith(b"1"):
            break
    body = stream.read()
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        body = _unchunk(io.BytesIO(body))
    return Answer(int(match[1]), headers, body)


def _unchunk(stream: io.BytesIO) -> bytes:
    body = bytearray()
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        body += stream.read(size)
        stream.readline()
    return bytes(body)


def _joined(message: Message) -> CaseInsensitiveDict[str]:
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in message.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _names(answer: Answer, key: str) -> list[str]:
    assert answer.status == 200, answer
    found = answer.json()
    assert isinstance(found, dict), answer
    return sorted(found[key] or [])


@contextmanager
def _wire_errors(connection: HTTPConnection) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        connection.close()
        raise WireError(f"{type(error).__name__}: {error}") from error
