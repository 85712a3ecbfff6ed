"""Tests of ``sign_url``."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from entrepot_contract import SignedMethod, StorageDriver, Unsupported
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["SignContract"]

MINUTE = timedelta(minutes=1)


def fetch(url: str, method: str, wanted: str | None = None) -> tuple[int, str | None, bytes]:
    """Make one request; return the status, Content-Length and body."""
    headers = {"Range": wanted} if wanted else {}
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 - the driver's own URL
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the driver's own URL
            return answer.status, answer.headers["Content-Length"], answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, None, refused.read()


class SignContract(ContractBase):
    """Tests of ``sign_url``."""

    @sentence("sign_url", "Requires ``method`` in the capability ``signed_urls``; otherwise raises Unsupported")
    @sentence("sign_url", 'and never returns "" or None.')
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_sign_returns_a_url_or_raises_unsupported(self, driver: StorageDriver, method: SignedMethod) -> None:
        driver.put("a/k", body(1000))
        if method in driver.capabilities.signed_urls:
            assert driver.sign_url("a/k", method, MINUTE).startswith(("http://", "https://"))
        else:
            with refused(Unsupported, driver, "sign_url", "a/k"):
                driver.sign_url("a/k", method, MINUTE)

    @sentence("sign_url", "Return a URL that serves the object without further authentication.")
    @needs("signed_urls")
    def test_signed_url_serves_the_object(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(1000))
        for method in driver.capabilities.signed_urls:
            for expires in (MINUTE, timedelta(hours=1), timedelta(days=1), timedelta(days=6, seconds=1)):
                url = driver.sign_url("a/k", method, expires)
                assert fetch(url, method) == (200, "1000", body(1000) if method == "GET" else b""), f"{expires}"

    @sentence("sign_url", "The URL supports the Range header and expires after ``expires``.")
    @needs("signed_urls")
    def test_signed_url_honours_range(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(1000))
        if "GET" in driver.capabilities.signed_urls:
            url = driver.sign_url("a/k", "GET", MINUTE)
            assert fetch(url, "GET", "bytes=10-19") == (206, "10", body(1000)[10:20])
            assert fetch(url, "GET", "bytes=990-") == (206, "10", body(1000)[990:])

    @sentence("sign_url", "The URL supports the Range header and expires after ``expires``.")
    @needs("signed_urls")
    def test_signed_url_expires(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(1000))
        method: SignedMethod = "GET" if "GET" in driver.capabilities.signed_urls else "HEAD"
        longer = driver.sign_url("a/k", method, MINUTE)
        url = driver.sign_url("a/k", method, timedelta(seconds=1))
        deadline = time.monotonic() + 6
        while fetch(url, method)[0] == 200:
            assert time.monotonic() < deadline, "a URL of one second still works after six"
            time.sleep(0.5)
        assert 400 <= fetch(url, method)[0] < 500
        for valid in (longer, driver.sign_url("a/k", method, MINUTE)):
            assert fetch(valid, method)[0] == 200, "a URL of a minute does not work because one of a second has expired"
