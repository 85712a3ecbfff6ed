"""Every error is returned as Distribution's JSON, without a traceback or a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from falcon.testing import Result, StartResponseMock, create_environ
from host.tests.storage.counting import CountingDriver
from support.content import digest_of, image
from support.host import Process

from entrepot.registry import layout
from entrepot.registry.names import parse_digest
from entrepot_contract import (
    DeleteFailed,
    Denied,
    IntegrityError,
    NoSpace,
    ObjectInfo,
    Reader,
    StorageDriver,
    StorageError,
    Throttled,
    Unavailable,
    Unsupported,
    UploadConflict,
)
from entrepot_contract.events import Event
from entrepot_contract.toolkit.reading import ClosedOnExit

HIDDEN = "AKIA-hunter2"
DIGEST = digest_of(b"{}")


class Raising(CountingDriver):
    """Fails in every call once an error is set."""

    failure: Exception | None = None

    def _count(self, operation: str) -> None:
        super()._count(operation)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def raising(driver: StorageDriver) -> Raising:
    return Raising(driver)


@pytest.fixture
def app(raising: Raising) -> Process:
    host = Process(raising)
    host.push_blob("app", b"{}")
    host.push_manifest("app", "latest", image())
    return Process(raising)


def made(kind: type[StorageError]) -> StorageError:
    return kind(f"failed with {HIDDEN}", driver="d", operation="o", key="k")


FAILED = DeleteFailed("failed", driver="d", operation="delete", failed={"k": made(Denied)})
WAIT = Throttled("slow down", driver="d", operation="o", retry_after=timedelta(seconds=7))

REQUESTS = [
    ("GET", "/v2/app/manifests/latest"),
    ("HEAD", "/v2/app/manifests/latest"),
    ("PUT", "/v2/app/manifests/latest"),
    ("DELETE", f"/v2/app/manifests/{DIGEST}"),
    ("DELETE", "/v2/app/manifests/latest"),
    ("GET", f"/v2/app/blobs/{DIGEST}"),
    ("HEAD", f"/v2/app/blobs/{DIGEST}"),
    ("DELETE", f"/v2/app/blobs/{DIGEST}"),
    ("POST", "/v2/app/blobs/uploads/"),
    ("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}"),
    ("POST", f"/v2/app/blobs/uploads/?mount={DIGEST}&from=other"),
    ("GET", "/v2/app/blobs/uploads/01234567-0123-0123-0123-0123456789ab"),
    ("GET", "/v2/app/tags/list"),
    ("GET", f"/v2/app/referrers/{DIGEST}"),
    ("GET", "/v2/_catalog"),
]

ANSWERS = [
    (made(Unavailable), 503, "UNAVAILABLE", "5"),
    (made(Throttled), 503, "UNAVAILABLE", "5"),
    (WAIT, 503, "UNAVAILABLE", "7"),
    (made(NoSpace), 507, "UNAVAILABLE", None),
    (made(Denied), 500, "UNKNOWN", None),
    (made(Unsupported), 500, "UNKNOWN", None),
    (made(StorageError), 500, "UNKNOWN", None),
    (FAILED, 500, "UNKNOWN", None),
    (ValueError(HIDDEN), 500, "UNKNOWN", None),
    (OSError(28, HIDDEN), 500, "UNKNOWN", None),
]


def check_json(answer: Result, status: int, code: str, method: str = "GET") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert [error["code"] for error in answer.json["errors"]] == [code]
        assert all(error["message"] for error in answer.json["errors"])
        assert "Traceback" not in answer.text
        assert HIDDEN not in answer.text


@pytest.mark.parametrize(
    ("failure", "status", "code", "retry_after"), ANSWERS, ids=lambda value: getattr(type(value), "__name__", None)
)
def test_a_storage_error_has_its_response_in_every_request(
    app: Process, raising: Raising, failure: Exception, status: int, code: str, retry_after: str | None
) -> None:
    raising.failure = failure
    for method, path in REQUESTS:
        body = b'{"schemaVersion":2,"manifests":[]}' if "manifests" in path and method == "PUT" else b""
        answer = app.request(method, path, body)
        check_json(answer, status, code, method)
        assert answer.headers.get("retry-after") == retry_after


@pytest.mark.parametrize(
    ("path", "code"),
    [("manifests/latest", "MANIFEST_UNKNOWN"), (f"blobs/sha256:{'0' * 64}", "BLOB_UNKNOWN")],
    ids=["manifest", "blob"],
)
def test_an_object_that_the_driver_reports_as_damaged_is_absent(
    app: Process, raising: Raising, path: str, code: str
) -> None:
    raising.failure = made(IntegrityError)
    check_json(app.request("GET", f"/v2/app/{path}"), 404, code)


def test_a_storage_error_is_logged_with_its_key(
    app: Process, raising: Raising, caplog: pytest.LogCaptureFixture
) -> None:
    raising.failure = made(Denied)
    app.request("GET", "/v2/app/manifests/latest")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "method=GET path=/v2/app/manifests/latest" in caplog.text
    assert "d: o k: failed with" in caplog.text


def test_a_conflict_of_appends_is_a_range_error_with_the_current_offset(app: Process, raising: Raising) -> None:
    location = app.patch(app.start("app"), b"first")

    class Conflicting(Raising):
        def _count(self, operation: str) -> None:
            if operation == "upload_append":
                raise made(UploadConflict)

    answer = Process(Conflicting(raising)).request("PATCH", location, b"second")
    check_json(answer, 416, "RANGE_INVALID")
    assert answer.headers["range"] == "0-4"


def test_a_defect_of_the_host_is_json_and_is_logged(driver: StorageDriver, caplog: pytest.LogCaptureFixture) -> None:
    def defect(event: Event) -> None:
        raise ZeroDivisionError(HIDDEN)

    host = Process(driver, publish=defect)
    check_json(host.request("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", b"{}"), 500, "UNKNOWN")
    assert "ZeroDivisionError" in caplog.text


class Breaking(ClosedOnExit):
    """A reader whose connection breaks after some chunks."""

    def __init__(self, reader: Reader, chunks: int) -> None:
        self.info: ObjectInfo = reader.info
        self._reader, self._chunks = reader, chunks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for number, chunk in enumerate(self._reader):
            if number == self._chunks:
                raise made(Unavailable)
            yield chunk

    def close(self) -> None:
        self.closed = True
        self._reader.close()


class BreakingDriver(CountingDriver):
    """Breaks every read of a blob's bytes, and records the readers."""

    chunks = 0

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.readers: list[Breaking] = []

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        if not key.endswith("/data"):
            return reader
        self.readers.append(Breaking(reader, self.chunks))
        return self.readers[-1]


def test_a_small_blob_whose_read_fails_is_an_error_and_the_reader_is_closed(
    driver: StorageDriver,
) -> None:
    digest = Process(driver).push_blob("app", b"small")
    breaking = BreakingDriver(driver)
    answer = Process(breaking).blob("app", digest)
    check_json(answer, 503, "UNAVAILABLE")
    assert [reader.closed for reader in breaking.readers] == [True]


def test_a_large_blob_whose_read_fails_is_never_a_complete_response(driver: StorageDriver) -> None:
    digest = Process(driver).push_blob("app", bytes(3 * 2**20))
    breaking = BreakingDriver(driver)
    breaking.chunks = 2
    body = Process(breaking).app(create_environ(path=f"/v2/app/blobs/{digest}"), StartResponseMock())
    received: list[bytes] = []
    with pytest.raises(Unavailable):
        received.extend(body)
    assert sum(map(len, received)) < 3 * 2**20


def test_an_error_has_no_cache_headers(app: Process, driver: StorageDriver) -> None:
    blob = layout.blob(parse_digest(DIGEST))
    ranged = {"Range": "bytes=99-"}
    answers = [app.request("GET", f"/v2/app/blobs/{DIGEST}", headers=ranged)]
    driver.delete([blob])
    answers += [app.request("GET", f"/v2/app/blobs/{DIGEST}", headers={"Range": "bytes=0-1"}), app.blob("app", DIGEST)]
    driver.put(blob, b"{}")
    assert app.request("HEAD", f"/v2/app/blobs/{DIGEST}").status_code == 200
    driver.put(blob, b"")
    answers.append(app.request("GET", f"/v2/app/blobs/{DIGEST}", headers={"Range": "bytes=1-1"}))
    assert [answer.status_code for answer in answers] == [416, 404, 404, 500]
    assert answers[0].headers["content-range"] == "bytes */2"
    for answer in answers:
        assert "cache-control" not in answer.headers
        assert "etag" not in answer.headers
        assert "docker-content-digest" not in answer.headers


ALLOWED = [
    ("POST", "/v2/", {"GET", "HEAD", "OPTIONS"}),
    ("DELETE", "/v2/_catalog", {"GET", "HEAD", "OPTIONS"}),
    ("GET", "/v2/app/blobs/uploads/", {"POST", "OPTIONS"}),
    ("PUT", f"/v2/app/blobs/{DIGEST}", {"GET", "HEAD", "DELETE", "OPTIONS"}),
    ("POST", "/v2/app/blobs/uploads/u", {"GET", "HEAD", "PATCH", "PUT", "DELETE", "OPTIONS"}),
    ("POST", "/v2/app/manifests/latest", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
    ("PUT", "/v2/app/tags/list", {"GET", "HEAD", "OPTIONS"}),
    ("PUT", f"/v2/app/referrers/{DIGEST}", {"GET", "HEAD", "OPTIONS"}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), ALLOWED)
def test_an_unsupported_method_is_rejected_with_the_allowed_ones(
    host: Process, method: str, path: str, allowed: set[str]
) -> None:
    answer = host.request(method, path)
    check_json(answer, 405, "UNSUPPORTED")
    assert set((answer.headers["allow"] or "").split(", ")) == allowed


@pytest.mark.parametrize("path", ["/v1/", "/v2/app", "/v2/app/", "/v2/app/tags", "/v2/app/nothing/x", "/x", "/v22/"])
def test_an_unknown_path_is_a_json_error(host: Process, path: str) -> None:
    check_json(host.request("GET", path), 404, "UNSUPPORTED")


def test_an_unknown_http_method_is_a_bad_request(host: Process) -> None:
    response = StartResponseMock()
    body = b"".join(host.app(create_environ(method="BREW", path="/v2/"), response))
    assert (response.status or "").startswith("4")
    assert body.startswith(b'{"errors"')


@pytest.mark.parametrize(
    ("method", "path", "length", "code"),
    [
        ("PUT", "/v2/app/manifests/latest", "ten", "SIZE_INVALID"),
        ("PUT", "/v2/app/manifests/latest", "-1", "SIZE_INVALID"),
        ("PUT", "/v2/app/manifests/latest", "\N{SUPERSCRIPT TWO}", "SIZE_INVALID"),
        ("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", "1e3", "SIZE_INVALID"),
    ],
)
def test_an_invalid_content_length_is_a_bad_request(
    host: Process, method: str, path: str, length: str, code: str
) -> None:
    route, _, query = path.partition("?")
    environ = create_environ(method=method, path=route, query_string=query)
    environ["CONTENT_LENGTH"] = length
    response = StartResponseMock()
    body = b"".join(host.app(environ, response))
    assert (response.status or "").startswith("400")
    assert f'"{code}"'.encode() in body


@pytest.mark.parametrize("kind", [NoSpace, Unavailable, Denied, IntegrityError])
def test_operational_errors_are_one_line_and_repeats_are_counted(
    raising: Raising,
    app: Process,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[StorageError],
) -> None:
    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "entrepot.http.errors"]

    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    app = Process(raising)
    raising.failure = made(kind)
    raising.failure.__cause__ = OSError(28, "of the system")
    for _ in range(20):
        assert app.request("GET", "/v2/app/tags/list").status_code >= 500
    (line,) = lines()
    assert line.startswith("storage error: method=GET path=/v2/app/tags/list error=")
    assert line.endswith("repeats_left_out=0")
    assert all(record.exc_info is None for record in caplog.records)
    now += 61
    app.request("GET", "/v2/app/tags/list")
    assert lines()[1].endswith("repeats_left_out=19")


def test_each_damaged_object_is_logged(app: Process, raising: Raising, caplog: pytest.LogCaptureFixture) -> None:
    for key in ("one", "two", "one"):
        raising.failure = IntegrityError("damaged", driver="d", operation="read", key=key)
        assert app.request("GET", "/v2/app/tags/list").status_code == 500
    assert [record.getMessage().split()[6] for record in caplog.records] == ["one:", "two:"]
