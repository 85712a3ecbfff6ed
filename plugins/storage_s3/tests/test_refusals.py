"""Servers without some features of Amazon S3: moto rejects them in buckets with special names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.moto import Moto
from support.services.s3 import s3_options

from entrepot_contract import ConfigError, StorageError, Unsupported
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back
from entrepot_storage_s3 import S3Driver

MIB = 2**20
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>reduce your request rate</Message></Error>"
OpenRefusing = Callable[..., S3Driver]


@pytest.fixture
def proxy(moto: Moto) -> Iterator[FaultProxy]:
    with FaultProxy(moto.port) as proxy:
        yield proxy


@pytest.fixture
def open_refusing(moto: Moto, proxy: FaultProxy) -> Iterator[OpenRefusing]:
    """A function that opens a driver behind the proxy, on a bucket in which moto rejects some requests."""
    opened: list[S3Driver] = []

    def open_one(refusal: str, **changed: object) -> S3Driver:
        options = s3_options(moto, bucket=f"{refusal}--{uuid4().hex}", port=proxy.port)
        opened.append(S3Driver.from_config(options | changed))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.close()


def push(driver: S3Driver, sizes: list[int], target: str) -> bytes:
    """Upload in appends of these sizes, and return the complete content."""
    state, whole = driver.upload_start("a/k"), b""
    for number, size in enumerate(sizes):
        data = body(size, seed=number)
        state = driver.upload_append(state, pieces(data))
        whole += data
    assert driver.upload_commit(state, target=target).size == len(whole)
    return whole


@pytest.mark.parametrize("refusal", ["content-md5", "no-delete-objects"])
def test_objects_are_deleted_on_servers_with_missing_features(open_refusing: OpenRefusing, refusal: str) -> None:
    driver = open_refusing(refusal)
    for key in ("d/1", "d/2", "e"):
        driver.put(key, b"x")
    driver.delete(["d/1", "d/2", "d/never-was"])
    driver.delete(["d/1"])
    assert listed(driver) == ["e"]
    driver.move("e", "f")
    assert listed(driver) == ["f"]


def test_a_missing_key_that_is_reported_as_an_error_is_ignored(open_refusing: OpenRefusing, proxy: FaultProxy) -> None:
    driver = open_refusing("content-md5")
    error = b"<Error><Key>d/7</Key><Code>NoSuchKey</Code><Message>no such key</Message></Error>"
    proxy.answer(200, b"<DeleteResult>" + error + b"</DeleteResult>", matching=lambda method, _: method == "POST")
    driver.delete(["d/7"])


KEYS = ["a", "b-", "b-c", "b-c-d/e", "b-c-d/f-g", "b-c-d/f/h", "b.e/f", "b/x", "b/y-z/a", "b/y/z", "b0/g", "c/d"]


@pytest.mark.parametrize("shallow", [False, True])
def test_listings_of_a_server_that_sorts_by_segments_are_in_byte_order(
    open_refusing: OpenRefusing, shallow: bool
) -> None:
    driver = open_refusing("by-segments", rootdirectory="images")
    for key in KEYS:
        driver.put(key, b"x")
    for prefix, starts in {"": ["", "a", "b", "b-c", "b-c-d/", "b-c-d/f-g", "b/x"], "b/": ["", "b/y-z/a"]}.items():
        below = {key for key in KEYS if key.startswith(prefix)}
        if shallow:
            below = {prefix + "".join(key[len(prefix) :].partition("/")[:2]) for key in below}
        for after in starts:
            expected = [key for key in sorted(below) if key > after]
            assert listed(driver, prefix, start_after=after, shallow=shallow) == expected, (prefix, after)


@pytest.mark.parametrize(
    ("refusal", "sizes"),
    [
        ("equal-parts", [11 * MIB, 7 * MIB + 3, 5, 12 * MIB]),
        ("equal-parts", [66 * MIB, 8 * MIB, 1]),
        ("equal-parts", [13 * MIB]),
        ("no-small-copies", [8 * MIB, 8 * MIB, 1]),
    ],
)
def test_any_appends_result_in_parts_that_the_server_accepts(
    open_refusing: OpenRefusing, refusal: str, sizes: list[int]
) -> None:
    driver = open_refusing(refusal, multipartcopythresholdsize=0)
    assert push(driver, sizes, "b/k") == read_back(driver, "b/k")


@pytest.mark.parametrize("refusal", ["no-part-copies", "no-copies"])
def test_parts_that_the_server_cannot_copy_are_copied_by_the_host(
    open_refusing: OpenRefusing, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    driver = open_refusing(refusal)
    for target in ("b/1", "b/2"):
        assert push(driver, [8 * MIB, 9 * MIB, 1], target) == read_back(driver, target)
        assert push(driver, [10], "c") == read_back(driver, "c")
    driver.move("b/2", "b/3")
    driver.put("empty", b"")
    driver.move("empty", "e")
    assert listed(driver) == ["b/1", "b/3", "c", "e"]
    assert [record.levelname for record in caplog.records if "cannot copy parts" in record.message] == ["WARNING"]


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (405, "MethodNotAllowed")])
def test_missing_features_of_a_server_are_not_retryable(
    open_refusing: OpenRefusing, proxy: FaultProxy, status: int, code: str
) -> None:
    driver = open_refusing("content-md5")
    proxy.answer(status, f"<Error><Code>{code}</Code></Error>".encode())
    calls: list[Callable[[], object]] = [lambda: driver.put("a/k", b"x"), lambda: driver.delete(["a/k"])]
    for call in calls:
        with pytest.raises(StorageError, match=code) as caught:
            call()
        assert (type(caught.value), caught.value.retryable) == (Unsupported, False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_endpoint_that_redirects_is_a_wrong_option(
    open_refusing: OpenRefusing, proxy: FaultProxy, status: int
) -> None:
    driver = open_refusing("content-md5")
    proxy.answer(status, b"", {"Location": "https://s3.example.com/bucket?secret"})
    calls: list[Callable[[], object]] = [lambda: driver.put("a/k", b"x"), lambda: driver.stat("a/k")]
    for call in calls:
        with pytest.raises(ConfigError, match=r"redirects to https://s3\.example\.com; .*regionendpoint"):
            call()
    assert "redirects to" in driver.health().detail
    assert len(proxy.requests) == 3


@pytest.mark.parametrize(
    ("method", "place"), [("PUT", "partNumber="), ("POST", "uploads"), ("POST", "uploadId="), ("PUT", "/life")]
)
def test_an_append_continues_after_throttling(
    open_refusing: OpenRefusing, proxy: FaultProxy, method: str, place: str
) -> None:
    driver = open_refusing("content-md5")
    state = driver.upload_start("a/k")
    # Each attempt is retried immediately after a 503, but not after a 429.
    proxy.answer(429, SLOW_DOWN, matching=lambda asked, target: asked == method and place in target, times=2)
    state = driver.upload_append(state, iter(pieces(body(11 * MIB))))
    driver.upload_commit(state)
    assert read_back(driver, "a/k") == body(11 * MIB)
