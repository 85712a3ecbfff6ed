"""The access log: one line per request, with the number of bytes that were actually sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, cast

import pytest
from falcon.testing import StartResponseMock, create_environ
from support.content import digest_of, image
from support.host import HTTP, Process

from entrepot_contract import StorageDriver

LARGE = bytes(3 * 2**20)


@dataclass(frozen=True)
class Line:
    method: str
    path: str
    status: int
    sent: int
    seconds: float
    remote: str
    user: str
    user_agent: str
    request_id: str


class ResponseBody(Protocol):
    """A response body with a close method (PEP 3333)."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class Lines(list[Line]):
    """An access log that stores its lines."""

    def write(
        self,
        method: str,
        path: str,
        status: int,
        bytes_sent: int,
        seconds: float,
        remote: str,
        user: str,
        user_agent: str,
        request_id: str,
    ) -> None:
        self.append(Line(method, path, status, bytes_sent, seconds, remote, user, user_agent, request_id))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def logged(driver: StorageDriver, lines: Lines) -> Process:
    host = Process(driver, access_log=lines)
    host.push_blob("app", b"{}")
    host.push_blob("app", LARGE)
    host.push_manifest("app", "latest", image())
    lines.clear()
    return host


def answered(host: Process, path: str) -> ResponseBody:
    """Returns the body as a server sees it: an iterable that is closed when the client is served or gone."""
    environ = create_environ(path=path, headers={"User-Agent": "reader"})
    return cast("ResponseBody", host.app(environ, StartResponseMock()))


@pytest.mark.parametrize(
    ("method", "path", "status", "sent"),
    [
        ("GET", "/v2/", 200, 2),
        ("GET", f"/v2/app/blobs/{digest_of(b'{}')}", 200, 2),
        ("GET", f"/v2/app/blobs/{digest_of(LARGE)}", 200, len(LARGE)),
        ("HEAD", f"/v2/app/blobs/{digest_of(LARGE)}", 200, 0),
        ("POST", "/v2/app/blobs/uploads/", 202, 0),
        ("GET", "/v2/none/tags/list", 404, None),
        ("GET", "/v2/A/tags/list", 400, None),
        ("GET", "/nowhere", 404, None),
        ("DELETE", "/v2/", 405, None),
    ],
)
def test_a_request_has_one_line(
    logged: Process, lines: Lines, method: str, path: str, status: int, sent: int | None
) -> None:
    answer = logged.request(method, path, headers={"User-Agent": "docker/27"})
    assert [(line.method, line.path, line.status) for line in lines] == [(method, path, status)]
    assert lines[0].sent == (len(answer.content) if sent is None else sent)
    assert (lines[0].remote, lines[0].user_agent) == ("127.0.0.1", "docker/27")
    assert 0 <= lines[0].seconds < 60


def test_each_request_has_its_own_id(logged: Process, lines: Lines, driver: StorageDriver) -> None:
    other = Process(driver, access_log=lines)
    for host in (logged, other, logged, other):
        host.request("GET", "/v2/")
    assert len({line.request_id for line in lines}) == 4


def test_a_request_without_a_user_agent_is_logged(logged: Process, lines: Lines) -> None:
    environ = create_environ(path="/v2/")
    environ.pop("HTTP_USER_AGENT", None)
    list(logged.app(environ, StartResponseMock()))
    assert [line.user_agent for line in lines] == [""]


def test_a_streamed_body_is_logged_when_its_last_byte_was_sent(logged: Process, lines: Lines) -> None:
    body, received = answered(logged, f"/v2/app/blobs/{digest_of(LARGE)}"), 0
    for chunk in body:
        assert lines == []
        received += len(chunk)
    body.close()
    assert [(line.status, line.sent, line.user_agent) for line in lines] == [(200, received, "reader")]
    assert received == len(LARGE)


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_a_client_that_stops_reading_is_logged_with_less_than_the_body(
    logged: Process, lines: Lines, chunks: int
) -> None:
    body = answered(logged, f"/v2/app/blobs/{digest_of(LARGE)}")
    received = iter(body)
    for _ in range(chunks):
        next(received)
    for _ in range(2):
        body.close()
    assert [(line.status, line.sent <= chunks * 2**20) for line in lines] == [(200, True)]
    assert lines[0].sent < len(LARGE)


def test_nothing_is_written_if_the_log_is_disabled(driver: StorageDriver, lines: Lines) -> None:
    Process(driver, http=replace(HTTP, access_log=False), access_log=lines).request("GET", "/v2/")
    assert lines == []
