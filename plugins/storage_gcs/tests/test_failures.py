"""Failures of Cloud Storage: the right error, in time, with the backend's own code and without secrets."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.gcs import service_account
from support.services.network import free_port

from entrepot_contract import (
    AlreadyExists,
    ConfigError,
    DeleteFailed,
    Denied,
    IntegrityError,
    NoSpace,
    NotFound,
    StorageError,
    Throttled,
    Unavailable,
    WriteMode,
)
from entrepot_storage_gcs import GcsDriver

from .conftest import OpenDriver

JSON = {"Content-Type": "application/json", "X-GUploader-UploadID": "request-77"}
# https://cloud.google.com/storage/docs/json_api/v1/status-codes
SHORT_LIVED = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."


def refusal(status: int, reason: str, message: str) -> bytes:
    """Return the body of an error, as documented for the JSON API."""
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return json.dumps({"error": {"code": status, "message": message, "errors": errors}}).encode()


@pytest.mark.parametrize(
    ("status", "reason", "message", "kind"),
    [
        (403, "forbidden", "tests@t does not have storage.objects.create access", Denied),
        (403, "quotaExceeded", "the quota for storage is used up", NoSpace),
        (403, "userRateLimitExceeded", "slow down", Throttled),
        (429, "rateLimitExceeded", "the object exceeded the rate limit for object mutation operations", Throttled),
        (400, "invalid", 'Provided CRC32C "AAAAAA==" doesn\'t match calculated CRC32C "TVUQaA=="', IntegrityError),
        (400, "invalidParameter", "Invalid argument", StorageError),
        (404, "notFound", "The specified bucket does not exist.", ConfigError),
        (500, "internalError", "We encountered an internal error.", Unavailable),
        (503, "backendError", "Backend error", Unavailable),
    ],
)
def test_a_response_is_translated_into_the_right_error(
    proxy: FaultProxy, driver: GcsDriver, status: int, reason: str, message: str, kind: type[StorageError]
) -> None:
    proxy.answer(status, refusal(status, reason, message), JSON)
    for operation in (lambda: driver.put("a/k", b"x"), lambda: driver.stat("a/k"), lambda: list(driver.list_objects())):
        with pytest.raises(StorageError) as caught:
            operation()
        assert type(caught.value) is kind
        for text in (reason, message, "request-77"):
            assert text in str(caught.value)


def test_throttling_includes_retry_after(proxy: FaultProxy, driver: GcsDriver) -> None:
    proxy.answer(429, refusal(429, "rateLimitExceeded", "slow down"), {**JSON, "Retry-After": "7"})
    with pytest.raises(Throttled) as caught:
        driver.stat("a/k")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


def test_a_request_that_fails_once_is_retried(proxy: FaultProxy, driver: GcsDriver) -> None:
    proxy.answer(503, refusal(503, "backendError", "Backend error"), JSON, times=1)
    driver.put("a/k", b"x")
    proxy.drop(times=1)
    driver.put("a/k", b"y")
    assert [status for _, _, status in proxy.requests] == [503, 200, 0, 200]


def test_a_create_whose_response_is_lost_is_not_reported_as_existing(proxy: FaultProxy, driver: GcsDriver) -> None:
    proxy.drop(times=1)
    with pytest.raises(Unavailable):
        driver.put("a/k", b"x", mode=WriteMode.CREATE)
    with pytest.raises(AlreadyExists):
        driver.put("a/k", b"y", mode=WriteMode.CREATE)


def test_an_endpoint_that_refuses_connections_is_unavailable(proxy: FaultProxy, driver: GcsDriver) -> None:
    proxy.refuse()
    with pytest.raises(Unavailable, match="Connection refused"):
        driver.stat("a/k")
    assert driver.health().ok is False


def test_an_endpoint_that_hangs_times_out(proxy: FaultProxy, open_driver: OpenDriver) -> None:
    driver = open_driver(readtimeout=1)
    proxy.hang()
    with pytest.raises(Unavailable, match="timed out"):
        driver.put("a/k", b"x")
    assert len(proxy.requests) == 1, "a timeout must not be waited for twice"
    health = driver.health()
    assert health.ok is False
    assert health.latency.total_seconds() <= 2


def test_a_truncated_body_raises_an_error(proxy: FaultProxy, driver: GcsDriver) -> None:
    driver.put("a/k", b"x" * 3_000_000)
    proxy.cut(2_000_000)
    with driver.read("a/k") as reader, pytest.raises(Unavailable):
        assert sum(map(len, reader)) < 3_000_000


def test_a_missing_bucket_is_a_wrong_option(open_driver: OpenDriver, proxy: FaultProxy) -> None:
    driver = open_driver(bucket="no-such-bucket")
    state = open_driver().upload_start("a/k")
    for operation in (
        lambda: driver.put("a/k", b"x"),
        lambda: list(driver.list_objects()),
        lambda: driver.upload_start("a/k"),
        lambda: driver.upload_append(state, [b"x"]),
        lambda: driver.upload_commit(state),
    ):
        with pytest.raises(ConfigError, match="no-such-bucket"):
            operation()
    assert "no-such-bucket" in driver.health().detail
    # The test server only returns "Not Found" here, and Cloud Storage reports what is missing.
    proxy.answer(404, refusal(404, "notFound", "The specified bucket does not exist."), JSON)
    for asked in (lambda: driver.stat("a/k"), lambda: driver.read("a/k"), lambda: driver.move("a/k", "b")):
        with pytest.raises(ConfigError, match="no-such-bucket"):
            asked()
    with pytest.raises(DeleteFailed) as caught:
        driver.delete(["a/k"])
    assert isinstance(caught.value.failed["a/k"], ConfigError)


def test_a_missing_object_is_not_reported_as_a_missing_bucket(proxy: FaultProxy, driver: GcsDriver) -> None:
    proxy.answer(404, b"No such object: my-bucket/a/k", {"Content-Type": "text/html"})
    for operation in (lambda: driver.stat("a/k"), lambda: driver.read("a/k"), lambda: driver.move("a/k", "b")):
        with pytest.raises(NotFound):
            operation()


def test_a_delete_names_every_key_that_was_not_deleted(proxy: FaultProxy, driver: GcsDriver) -> None:
    keys = [f"d/{number}" for number in range(20)]
    for key in keys:
        driver.put(key, b"x")
    proxy.answer(
        403,
        refusal(403, "retentionPolicyNotMet", "under retention until tomorrow"),
        JSON,
        matching=lambda method, target: method == "DELETE" and "%2F7" in target,
    )
    with pytest.raises(DeleteFailed, match="retentionPolicyNotMet") as caught:
        driver.delete(keys)
    assert set(caught.value.failed) == {"d/7"}
    assert [item.key for item in driver.list_objects()] == ["d/7"]


@pytest.mark.parametrize("message", ["Invalid JWT Signature.", SHORT_LIVED])
def test_a_key_or_a_clock_that_is_wrong_is_denied(
    open_driver: OpenDriver, proxy: FaultProxy, private_key: str, message: str
) -> None:
    refused = json.dumps({"error": "invalid_grant", "error_description": message}).encode()
    proxy.answer(400, refused, JSON, matching=lambda _, target: target == "/token")
    driver = open_driver(credentials=service_account(private_key, f"http://127.0.0.1:{proxy.port}/token"))
    with pytest.raises(Denied, match="clock") as caught:
        driver.put("a/k", b"x")
    assert message in str(caught.value)
    for text in (str(caught.value), repr(driver), driver.health().detail):
        assert private_key[40:80] not in text


def test_a_token_server_that_refuses_is_unavailable(open_driver: OpenDriver, private_key: str) -> None:
    driver = open_driver(credentials=service_account(private_key, f"http://127.0.0.1:{free_port()}/token"))
    with pytest.raises(Unavailable, match=r"token server.*Connection refused"):
        driver.put("a/k", b"x")


def test_a_token_server_that_hangs_times_out(open_driver: OpenDriver, proxy: FaultProxy, private_key: str) -> None:
    proxy.hang()
    credentials = service_account(private_key, f"http://127.0.0.1:{proxy.port}/token")
    driver = open_driver(credentials=credentials, readtimeout=1)
    start = time.monotonic()
    with pytest.raises(Unavailable, match="token server"):
        driver.put("a/k", b"x")
    assert time.monotonic() - start < 5


def test_a_backend_that_requires_credentials_is_denied(proxy: FaultProxy, driver: GcsDriver) -> None:
    proxy.answer(401, refusal(401, "required", "Anonymous caller does not have access"), JSON)
    with pytest.raises(Denied, match="keyfile"):
        driver.stat("a/k")


def test_an_unusable_key_file_is_a_wrong_option(open_driver: OpenDriver, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keyfile.*No such file"):
        open_driver(keyfile=str(tmp_path / "missing.json")).stat("a/k")
    (tmp_path / "key.json").write_text('{"type": "service_account", "private_key": "very secret"}')
    with pytest.raises(ConfigError, match="keyfile") as caught:
        open_driver(keyfile=str(tmp_path / "key.json")).stat("a/k")
    assert "very secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="credentials"):
        open_driver(credentials={"type": "authorized_user"}).stat("a/k")


def test_no_default_credentials_is_a_wrong_option(
    open_driver: OpenDriver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(ConfigError, match="keyfile"):
        open_driver(endpoint="https://127.0.0.1:1").stat("a/k")
