"""Failures of S3: the right error, in time, with the backend's own code and without secrets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from botocore import auth
from support.proxies.fault_proxy import FaultProxy
from support.services.ceph import Ceph

from entrepot_contract import (
    AlreadyExists,
    ConfigError,
    DeleteFailed,
    Denied,
    IntegrityError,
    NoSpace,
    StorageError,
    Throttled,
    Unavailable,
    WriteMode,
)
from entrepot_storage_s3 import S3Driver

from .conftest import OpenDriver

XML = {"Content-Type": "application/xml", "x-amz-request-id": "request-77"}


def refusal(code: str, message: str = "server message") -> bytes:
    """Return the body of an error (Amazon S3, "Error responses")."""
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def calls(driver: S3Driver) -> list[Callable[[], object]]:
    """Return one call of each kind."""
    return [
        lambda: driver.put("a/k", b"x"),
        lambda: driver.read("a/k"),
        lambda: list(driver.list_objects()),
        lambda: driver.delete(["a/k"]),
        lambda: driver.upload_start("a/k"),
    ]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", Denied),
        (403, "RequestTimeTooSkewed", Denied),
        (400, "ExpiredToken", Denied),
        (404, "NoSuchBucket", ConfigError),
        (503, "SlowDown", Throttled),
        (429, "TooManyRequests", Throttled),
        (409, "OperationAborted", Throttled),
        (500, "InternalError", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
        (400, "RequestTimeout", Unavailable),
        (403, "QuotaExceeded", NoSpace),
        (507, "XMinioStorageFull", NoSpace),
        (400, "BadDigest", IntegrityError),
        (400, "MalformedXML", StorageError),
    ],
)
def test_a_response_is_translated_into_the_right_error(
    proxy: FaultProxy, driver: S3Driver, status: int, code: str, kind: type[StorageError]
) -> None:
    proxy.answer(status, refusal(code), XML)
    for call in calls(driver):
        with pytest.raises(StorageError) as caught:
            call()
        assert type(caught.value) is kind
        for text in (code, "server message", "request-77"):
            assert text in str(caught.value)
    proxy.answer(status)
    with pytest.raises(StorageError, match=str(status)):
        driver.stat("a/k")


def test_throttling_includes_retry_after(proxy: FaultProxy, driver: S3Driver) -> None:
    proxy.answer(503, refusal("SlowDown"), {**XML, "Retry-After": "7"})
    with pytest.raises(Throttled) as caught:
        driver.put("a/k", b"x")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


def test_a_request_that_fails_once_is_retried(proxy: FaultProxy, driver: S3Driver) -> None:
    proxy.answer(503, refusal("SlowDown"), XML, times=1)
    driver.put("a/k", b"x")
    proxy.drop(times=1)
    driver.put("a/k", b"y")
    assert [status for _, _, status in proxy.requests] == [503, 200, 0, 200]


def test_a_create_whose_response_is_lost_succeeds(proxy: FaultProxy, driver: S3Driver) -> None:
    assert driver.capabilities.create
    proxy.drop(matching=lambda method, _: method == "PUT", times=1)
    assert driver.put("a/k", b"x", mode=WriteMode.CREATE).size == 1
    proxy.drop(matching=lambda method, _: method == "PUT", times=1)
    with pytest.raises(AlreadyExists):
        driver.put("a/k", b"y", mode=WriteMode.CREATE)


def test_an_endpoint_that_refuses_connections_is_unavailable(proxy: FaultProxy, driver: S3Driver) -> None:
    proxy.refuse()
    for call in calls(driver):
        with pytest.raises(Unavailable, match="EndpointConnectionError"):
            call()
    assert driver.health().ok is False


def test_an_endpoint_that_hangs_times_out(proxy: FaultProxy, open_driver: OpenDriver) -> None:
    driver = open_driver(readtimeout=2)
    driver.put("a/k", b"x")
    proxy.clear()
    proxy.hang()
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        driver.put("a/k", b"x")
    assert len(proxy.requests) == 1, "a timeout must not be waited for twice"
    driver.health()
    health = driver.health()
    assert health.ok is False
    assert health.latency.total_seconds() <= 2


@pytest.mark.parametrize("after", [0, 1_000_000, 2_900_000])
def test_a_truncated_body_raises_an_error(proxy: FaultProxy, driver: S3Driver, after: int) -> None:
    driver.put("a/k", b"x" * 3_000_000)
    proxy.cut(after)
    with driver.read("a/k") as reader, pytest.raises(Unavailable):
        assert sum(map(len, reader)) < 3_000_000


def test_a_response_that_is_not_from_s3_is_unavailable(proxy: FaultProxy, driver: S3Driver) -> None:
    proxy.answer(200, b"<html><body>Welcome!<br></html>", {"Content-Type": "text/html"})
    wrong: list[Callable[[], object]] = [lambda: list(driver.list_objects()), lambda: driver.upload_start("a/k")]
    for call in wrong:
        with pytest.raises(Unavailable):
            call()


def test_a_missing_bucket_is_a_wrong_option(open_driver: OpenDriver) -> None:
    driver = open_driver(bucket="no-such-bucket")
    more: list[Callable[[], object]] = [lambda: driver.stat("a/k"), lambda: driver.move("a/k", "b")]
    for call in calls(driver) + more:
        with pytest.raises(ConfigError, match=r"NoSuchBucket.*option"):
            call()
    health = driver.health()
    assert (health.ok, "404" in health.detail) == (False, True)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"accesskey": "nobody"}, "InvalidAccessKeyId"),
        ({"secretkey": "a wrong secret"}, "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_key_is_denied(open_driver: OpenDriver, changed: dict[str, object], code: str) -> None:
    driver = open_driver(**changed)
    for call in calls(driver):
        with pytest.raises(Denied, match=code) as caught:
            call()
        assert "a wrong secret" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
    assert (driver.health().ok, "403" in driver.health().detail) == (False, True)


def test_a_user_without_permission_is_denied(open_driver: OpenDriver, ceph: Ceph) -> None:
    name = f"stranger-{uuid4().hex}"
    ceph.user(name, name, "their-own-secret")
    driver = open_driver(accesskey=name, secretkey="their-own-secret")
    for call in calls(driver):
        with pytest.raises(Denied, match="AccessDenied"):
            call()
    with pytest.raises(Denied, match="403"):
        driver.stat("a/k")


def test_a_clock_that_is_off_by_an_hour_is_denied(driver: S3Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    right = auth.get_current_datetime  # type: ignore[attr-defined]  # missing in the stubs
    monkeypatch.setattr(auth, "get_current_datetime", lambda *args: right(*args) - timedelta(hours=1))
    with pytest.raises(Denied, match=r"RequestTimeTooSkewed.*clock"):
        driver.put("a/k", b"x")


def test_a_full_quota_is_no_space(open_driver: OpenDriver, ceph: Ceph) -> None:
    name = f"small-{uuid4().hex}"
    ceph.user(name, name, "their-own-secret")
    ceph.quota(name, 4096)
    keys = {"access_key": name, "secret_key": "their-own-secret"}
    bucket = ceph.bucket(name, **keys)
    driver = open_driver(bucket=bucket, accesskey=name, secretkey=keys["secret_key"])
    with pytest.raises(NoSpace, match=r"QuotaExceeded.*raise the quota"):
        driver.put("a/k", b"x" * 100_000)


def test_a_delete_names_every_key_that_was_not_deleted(proxy: FaultProxy, driver: S3Driver) -> None:
    error = "<Error><Key>d/7</Key><Code>AccessDenied</Code><Message>object lock</Message></Error>"
    proxy.answer(200, f"<DeleteResult>{error}</DeleteResult>".encode(), XML)
    with pytest.raises(DeleteFailed, match="object lock") as caught:
        driver.delete(["d/6", "d/7"])
    assert set(caught.value.failed) == {"d/7"}
    assert not caught.value.retryable


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "UnknownError"])
def test_a_delete_that_fails_temporarily_is_retryable(proxy: FaultProxy, driver: S3Driver, code: str) -> None:
    error = f"<Error><Key>d/7</Key><Code>{code}</Code><Message>busy</Message></Error>"
    proxy.answer(200, f"<DeleteResult>{error}</DeleteResult>".encode(), XML)
    with pytest.raises(DeleteFailed, match=code) as caught:
        driver.delete(["d/6", "d/7"])
    assert caught.value.retryable


def test_no_credentials_at_all_is_denied(open_driver: OpenDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(Denied, match="accesskey"):
        open_driver(accesskey="", secretkey="").put("a/k", b"x")


@pytest.mark.parametrize(
    "changed",
    [{"secretkey": ""}, {"accesskey": ""}, {"accesskey": "", "secretkey": "", "sessiontoken": "t"}, {"v4auth": False}],
)
def test_incompatible_options_are_refused(open_driver: OpenDriver, changed: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        open_driver(**changed)


def test_an_endpoint_that_is_not_a_url_is_a_wrong_option(open_driver: OpenDriver) -> None:
    with pytest.raises(ConfigError, match="correct the endpoints"):
        open_driver(regionendpoint="not a url").put("a/k", b"x")
