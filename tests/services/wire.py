"""A low-level registry client: every request and every response is visible to the test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_WR
from ssl import SSLContext
from typing import Final
from urllib.parse import urlsplit

__all__ = ["OCI_MANIFEST", "Answer", "Exchange", "Wire", "WireError", "digest_of", "with_digest"]

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
ACCEPT: Final = ", ".join(
    (
        OCI_MANIFEST,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)


class WireError(Exception):
    """The connection was refused or broke, or the response was incomplete. Whether the request was processed is
    unknown.
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response. The names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
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


def digest_of(data: bytes) -> str:
    """Return the sha256 digest of some bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


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
            self._connection.sock.shutdown(SHUT_WR)

    def answer(self) -> Answer:
        """Wait for the response and close the connection."""
        with _wire_errors(self._connection):
            response = self._connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, headers, response.read())
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
