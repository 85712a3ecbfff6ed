"""Failures of Azure: the right error, in time, with the backend's own code and without secrets."""

from __future__ import annotations

import base64
import time
import traceback
from datetime import timedelta

import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.azurite import Azurite

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
    Unsupported,
    WriteMode,
)
from entrepot_storage_azure import AzureDriver

from .conftest import OpenDriver

WRONG_KEY = base64.b64encode(b"a wrong key, and a secret").decode()


def refused(proxy: FaultProxy, status: int, code: str, **headers: str) -> None:
    """Reject every request, in the documented format (Azure, "Status and error codes")."""
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>Text.</Message></Error>'
    all_headers = {
        "x-ms-error-code": code,
        "x-ms-request-id": "request-77",
        "Content-Type": "application/xml",
        **headers,
    }
    proxy.answer(status, body.encode(), all_headers)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "InvalidAuthenticationInfo", Denied),
        # The response for a clock that is off by an hour: the signed date is out of range.
        (403, "AuthenticationFailed", Denied),
        (403, "AuthorizationPermissionMismatch", Denied),
        (403, "KeyBasedAuthenticationNotPermitted", Denied),
        (404, "ContainerNotFound", ConfigError),
        (409, "ContainerBeingDeleted", Unavailable),
        (400, "Md5Mismatch", IntegrityError),
        (400, "InvalidHeaderValue", StorageError),
        (413, "RequestBodyTooLarge", NoSpace),
        (429, "TooManyRequests", Throttled),
        (500, "InternalError", Unavailable),
        (500, "OperationTimedOut", Unavailable),
        (503, "ServerBusy", Throttled),
    ],
)
def test_a_response_is_translated_into_the_right_error(
    proxy: FaultProxy, driver: AzureDriver, status: int, code: str, kind: type[StorageError]
) -> None:
    state = driver.upload_start("a/k")
    refused(proxy, status, code)
    for operation in (
        lambda: driver.put("a/k", b"x"),
        lambda: driver.put("a/k", b"x", mode=WriteMode.CREATE),
        lambda: driver.stat("a/k"),
        lambda: driver.read("a/k"),
        lambda: list(driver.list_objects()),
        lambda: driver.move("a/k", "b"),
        lambda: driver.upload_start("a/k"),
        lambda: driver.upload_append(state, [b"x"]),
        lambda: driver.upload_commit(state),
        lambda: driver.upload_abort(state),
    ):
        with pytest.raises(StorageError) as caught:
            operation()
        assert type(caught.value) is kind
        assert code in str(caught.value)
        assert "request-77" in str(caught.value)
    for keys in (["a/k"], ["a/k", "a/l"]):
        with pytest.raises(DeleteFailed, match=code) as failed:
            driver.delete(keys)
        assert {key: type(error) for key, error in failed.value.failed.items()} == dict.fromkeys(keys, kind)
    assert code in driver.health().detail


def test_throttling_includes_retry_after(proxy: FaultProxy, driver: AzureDriver) -> None:
    refused(proxy, 503, "ServerBusy", **{"Retry-After": "7"})
    for operation in (lambda: driver.stat("a/k"), lambda: driver.read("a/k")):
        start = time.monotonic()
        with pytest.raises(Throttled) as caught:
            operation()
        assert caught.value.retry_after == timedelta(seconds=7)
        assert time.monotonic() - start < 7, "the caller decides whether to wait"


def test_a_request_that_fails_once_is_retried(proxy: FaultProxy, driver: AzureDriver) -> None:
    proxy.answer(503, b"", {"x-ms-error-code": "ServerBusy"}, times=1)
    driver.put("a/k", b"x")
    proxy.drop(times=1)
    driver.put("a/k", b"y")
    assert [status for _, _, status in proxy.requests] == [503, 201, 0, 201]


def test_a_create_whose_response_is_lost_is_not_reported_as_existing(proxy: FaultProxy, driver: AzureDriver) -> None:
    proxy.drop(times=1)
    with pytest.raises(Unavailable):
        driver.put("a/k", b"x", mode=WriteMode.CREATE)
    with pytest.raises(AlreadyExists):
        driver.put("a/k", b"y", mode=WriteMode.CREATE)


def test_an_endpoint_that_refuses_connections_is_unavailable(proxy: FaultProxy, driver: AzureDriver) -> None:
    proxy.refuse()
    for operation in (lambda: driver.stat("a/k"), lambda: driver.read("a/k"), lambda: driver.put("a/k", b"x")):
        with pytest.raises(Unavailable, match="Connection refused"):
            operation()
    assert driver.health().ok is False


def test_an_endpoint_that_hangs_times_out(proxy: FaultProxy, open_driver: OpenDriver) -> None:
    driver = open_driver(max_retries=0, readtimeout=1)
    proxy.hang()
    for operation in (lambda: driver.put("a/k", b"x"), lambda: driver.read("a/k"), lambda: driver.delete(["a/k"])):
        start = time.monotonic()
        with pytest.raises(StorageError, match="timed out") as caught:
            operation()
        assert caught.value.retryable
        assert time.monotonic() - start < 2.5
    health = driver.health()
    assert health.ok is False
    assert health.latency <= timedelta(seconds=2)


def test_a_truncated_body_raises_an_error_and_a_slow_one_does_not(proxy: FaultProxy, open_driver: OpenDriver) -> None:
    driver = open_driver(readtimeout=1)
    driver.put("a/k", b"x" * 3_000_000)
    proxy.cut(2_000_000)
    with driver.read("a/k") as reader, pytest.raises(Unavailable) as caught:
        assert sum(map(len, reader)) < 3_000_000
    assert caught.value.operation == "read"
    proxy.heal()
    proxy.slow(100_000)
    start = time.monotonic()
    with driver.read("a/k", length=200_000) as reader:
        assert sum(map(len, reader)) == 200_000, "a slow body is not an error"
    assert time.monotonic() - start > 1


@pytest.mark.parametrize("lost", ["comp=blocklist", "comp=block&", "comp=lease", "/target"])
def test_an_upload_survives_the_loss_of_any_response(proxy: FaultProxy, open_driver: OpenDriver, lost: str) -> None:
    driver = open_driver(max_retries=0)
    data = bytes(range(256)) * 40_000
    proxy.drop(times=1, matching=lambda method, target: lost in target and method == "PUT")
    state = driver.upload_start("a/k")
    after = None
    try:
        after = driver.upload_append(state, [data])
        driver.upload_commit(after, target="target")
    except Unavailable:
        after = driver.upload_append(state, [data]) if after is None else after
        driver.upload_commit(after, target="target")
    assert [status for _, _, status in proxy.requests].count(0) == 1, "one response was lost"
    with driver.read("target") as reader:
        assert b"".join(reader) == data


def test_a_wrong_key_is_denied_and_never_shown(open_driver: OpenDriver) -> None:
    driver = open_driver(accountkey=WRONG_KEY)
    with pytest.raises(Denied, match="clock") as caught:
        driver.put("a/k", b"x")
    trace = "".join(traceback.format_exception(caught.value))
    for text in (trace, repr(driver), driver.health().detail):
        assert WRONG_KEY not in text
    assert driver.health().ok is False


def test_a_missing_container_is_a_wrong_option(open_driver: OpenDriver) -> None:
    driver = open_driver(container="no-such-container")
    for operation in (
        lambda: driver.put("a/k", b"x"),
        lambda: driver.stat("a/k"),
        lambda: driver.read("a/k"),
        lambda: list(driver.list_objects()),
        lambda: driver.upload_start("a/k"),
        lambda: driver.move("a/k", "b"),
    ):
        with pytest.raises(ConfigError, match="no-such-container"):
            operation()
    for keys in (["a/k"], ["a/k", "a/l"]):
        with pytest.raises(DeleteFailed) as failed:
            driver.delete(keys)
        assert [type(error) for error in failed.value.failed.values()] == [ConfigError] * len(keys)
    assert "no-such-container" in driver.health().detail


def test_a_delete_names_every_key_that_was_not_deleted(open_driver: OpenDriver) -> None:
    driver = open_driver(readtimeout=30)
    keys = [f"d/{number:03}" for number in range(300)]
    for key in keys[::50]:
        driver.put(key, b"x")
    lease = driver._account.blob("d/050").acquire_lease(-1)
    with pytest.raises(DeleteFailed, match="LeaseIdMissing") as caught:
        driver.delete(keys)
    assert set(caught.value.failed) == {"d/050"}
    assert [item.key for item in driver.list_objects()] == ["d/050"]
    lease.break_lease(0)


def test_a_signature_as_credential_is_never_shown(
    azurite: Azurite, config: dict[str, object], proxy: FaultProxy, open_driver: OpenDriver
) -> None:
    signature = azurite.signature(str(config["container"]))
    url = f"http://127.0.0.1:{proxy.port}/devstoreaccount1"
    driver = open_driver(
        accountname=None,
        accountkey=None,
        serviceurl=None,
        connectionstring=f"BlobEndpoint={url};SharedAccessSignature={signature}",
    )
    assert driver.capabilities.signed_urls == frozenset()
    with pytest.raises(Unsupported):
        driver.sign_url("a/k", "GET", timedelta(minutes=1))
    info = driver.upload_commit(driver.upload_append(driver.upload_start("a/k"), [b"content"]))
    with driver.read(info.key) as reader:
        assert b"".join(reader) == b"content"
    driver.delete(["a/k", "a/l"])
    assert driver.health().ok
    proxy.refuse()
    for operation in (lambda: driver.stat("a/k"), lambda: driver.read("a/k"), lambda: driver.put("a/k", b"x")):
        with pytest.raises(Unavailable) as caught:
            operation()
        assert "sig=" not in "".join(traceback.format_exception(caught.value))
    assert "sig=" not in f"{driver.health()} {driver!r}"


def test_successful_requests_are_not_logged(driver: AzureDriver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    driver.upload_commit(driver.upload_append(driver.upload_start("a/k"), [b"content"]))
    with driver.read("a/k") as reader:
        assert b"".join(reader) == b"content"
    driver.delete(["a/k", "a/l"])
    assert list(driver.list_objects()) == []
    assert caplog.messages == []
