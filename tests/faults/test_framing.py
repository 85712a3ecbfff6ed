"""Requests that violate HTTP itself, and connections that end with an unread body, on every server."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, ResponseReceived, StreamReset
from support.content import OCI_MANIFEST, digest_of
from support.images import package
from support.push import push_image
from support.services.entrepot import entrepot
from support.services.network import HOST
from support.services.registry import Registry, write_config

from entrepot_contract.testing.server.messages import Answer, parse_answers, receive

UNKNOWN = "/v2/x/blobs/uploads/00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module", params=["granian", "gunicorn", "waitress"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("framing")
    config = write_config(folder / "config.yml", {"inmemory": {}}, http={"workers": 1})
    with entrepot(config, folder / "host", server=request.param) as registry:
        yield registry


def _request(host: Registry, head: str, body: bytes = b"", *, ends: bool = False) -> Answer | None:
    """Send one request and read until the server closes. Return None if it closes without a response."""
    method = head.partition(" ")[0]
    with socket.create_connection((HOST, host.port), timeout=30) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        answers = parse_answers(receive(connection), [method])
    return answers[-1] if answers else None


@pytest.mark.parametrize(
    "fields",
    [
        "X: y",
        "Host:",
        "Host: a.example\r\nHost: b.example",
        "Host: a.example\r\nHost: a.example",
        "Host: a.example, b.example",
        "Host: a b",
        "Host: user@a.example",
        "Host: http://a.example",
        "Host: a.example:port",
        "Host: [::1",
    ],
)
def test_a_request_without_one_valid_host_is_rejected(host: Registry, fields: str) -> None:
    answer = _request(host, f"GET /v2/ HTTP/1.1\r\nConnection: close\r\n{fields}")
    assert answer is not None
    assert answer.status == 400, answer


@pytest.mark.parametrize("value", ["a.example", "a_b:5000", "127.0.0.1:5000", "[::1]:5000", "A.Example.", "localhost:"])
def test_a_valid_host_is_accepted(host: Registry, value: str) -> None:
    answer = _request(host, f"GET /v2/ HTTP/1.1\r\nConnection: close\r\nHost: {value}")
    assert answer is not None
    assert answer.status == 200, answer


def test_http_1_0_needs_no_host(host: Registry) -> None:
    answer = _request(host, "GET /v2/ HTTP/1.0")
    assert answer is not None
    assert answer.status == 200, answer


def test_a_client_that_waits_for_100_continue_is_rejected_immediately(host: Registry) -> None:
    with socket.create_connection((HOST, host.port), timeout=30) as connection:
        head = f"PUT {UNKNOWN} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        began = time.monotonic()
        connection.sendall(head.encode())
        first = connection.recv(10_000)
        if first.startswith(b"HTTP/1.1 100"):  # waitress requests every body
            connection.sendall(b"123456789")
            first = connection.recv(10_000)
            closes = False
        else:
            closes = True
        assert time.monotonic() - began < 10
        answer = parse_answers(first, ["PUT"])[0]
        assert answer.status == 404
        assert (answer.headers.get("Connection") == "close") is closes


@pytest.mark.parametrize("host", ["granian", "gunicorn"], indirect=True)
def test_a_client_that_sends_too_slowly_is_rejected_and_disconnected(host: Registry) -> None:
    with socket.create_connection((HOST, host.port), timeout=30) as connection:
        head = f"PUT {UNKNOWN} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 90000000\r\n\r\n"
        began = time.monotonic()
        connection.sendall(head.encode() + b"x" * 100_000)
        answer = parse_answers(connection.recv(10_000), ["PUT"])[0]
        assert time.monotonic() - began < 15
        assert (answer.status, answer.headers["Connection"]) == (404, "close")


CHUNKED = "Host: a.example\r\nTransfer-Encoding: chunked"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("rest", [b"x\r\n", b"ffff\r\nabc", b""], ids=["size", "cut off", "no last chunk"])
def test_a_manifest_with_incomplete_chunked_encoding_is_not_stored(
    host: Registry, repository: str, rest: bytes
) -> None:
    image = package([b"content"])
    push_image(host.wire, repository, image, "complete")
    head = f"PUT /v2/{repository}/manifests/broken HTTP/1.1\r\n{CHUNKED}\r\nContent-Type: {OCI_MANIFEST}"
    answer = _request(host, head, _chunk(image.manifest[:-20]) + rest, ends=rest != b"x\r\n")
    assert answer is None or answer.status == 400, answer
    assert host.wire.tags(repository) == ["complete"]


def test_bytes_before_an_incomplete_chunk_count_and_the_upload_resumes(host: Registry, repository: str) -> None:
    data = b"y" * 100_000
    location = host.wire.start_upload(repository)
    answer = _request(host, f"PATCH {location} HTTP/1.1\r\n{CHUNKED}", _chunk(data[:60_000]) + b"x\r\n")
    assert answer is not None
    # granian does not report that the body was cut off; see its README.
    assert answer.status == 202 if "granian" in host.name else answer.status == 400, answer
    status = host.wire.status(location)
    # waitress only passes on complete bodies.
    assert status.received == (0 if "waitress" in host.name else 60_000)
    assert host.wire.finish(status.location, digest_of(data), data[status.received :]).status == 201


def test_a_blob_with_incomplete_chunked_encoding_is_not_stored(host: Registry, repository: str) -> None:
    data = b"z" * 100_000
    head = f"POST /v2/{repository}/blobs/uploads/?digest={digest_of(data)} HTTP/1.1\r\n{CHUNKED}"
    answer = _request(host, head, _chunk(data[:-1]) + b"x\r\n")
    assert answer is not None
    assert answer.status == 400, answer
    assert host.wire.blob(repository, digest_of(data)).status == 404


@pytest.fixture(scope="module")
def http2_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("http2")
    http = {"workers": 1, "h2c": {"enabled": True}}
    with entrepot(
        write_config(folder / "config.yml", {"inmemory": {}}, http=http), folder / "host", server="granian"
    ) as registry:
        yield registry.port


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([(":authority", "a.example")], "200"),
        ([("host", "a.example")], "200"),
        ([], "400"),
        ([("host", "a.example"), ("host", "b.example")], "400"),
        ([(":authority", "a.example"), ("host", "a b")], "400"),
    ],
)
def test_an_http2_request_needs_one_valid_host(http2_port: int, fields: list[tuple[str, str]], status: str) -> None:
    # Disable httpx's validation, which would reject such a request.
    client = H2Connection(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))
    client.initiate_connection()
    client.send_headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/v2/"), *fields], end_stream=True)
    answered: list[str] = []
    with socket.create_connection((HOST, http2_port), timeout=10) as connection:
        connection.sendall(client.data_to_send())
        while not answered:
            for event in client.receive_data(connection.recv(65536)):
                if isinstance(event, ResponseReceived):
                    answered.append(dict(event.headers or [])[b":status"].decode())
                assert not isinstance(event, StreamReset | ConnectionTerminated), event
    assert answered == [status]
