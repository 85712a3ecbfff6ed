"""Tests of what signed URLs do not allow, and of the objects that they serve."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from entrepot_contract import SignedMethod, StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, pieces, read_back
from entrepot_contract.testing.storage.sign import fetch

__all__ = ["SignedContract"]

MINUTE = timedelta(minutes=1)
NOTHING_ELSE = "It allows nothing else: no writing, and no other object or time."


def send(url: str, method: str) -> int:
    """Send a request with a body, and return the status."""
    request = urllib.request.Request(url, data=b"changed", method=method)  # noqa: S310 - the driver's own URL
    request.add_header("Content-Type", "application/octet-stream")
    request.add_header("x-ms-blob-type", "BlockBlob")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the driver's own URL
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def edited(url: str) -> dict[str, str]:
    """Return the URL without its query, and with each value of the query that has digits, or a signature, changed."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    urls = {"without its query": urlunsplit(parts._replace(query=""))}
    for place, (name, value) in enumerate(query):
        changed = value.translate(str.maketrans("0123456789", "1234567890"))
        if changed != value:
            more = [*query[:place], (name, changed), *query[place + 1 :]]
            urls[f"with another {name}"] = urlunsplit(parts._replace(query=urlencode(more)))
    return urls


def shifted(url: str, digits: str) -> dict[str, str]:
    """Return the URL of a key that ends with digits, with these moved from the key to each number of the query.

    A signature that covers the key and a number without a separator is valid for it.
    """
    parts, urls = urlsplit(url), {}
    query = parse_qsl(parts.query)
    for place, (name, value) in enumerate(query):
        if value.replace(".", "").isdigit() and parts.path.endswith(f"a/k{digits}"):
            more = urlencode([*query[:place], (name, digits + value), *query[place + 1 :]])
            shorter = parts._replace(path=parts.path.removesuffix(digits), query=more)
            urls[f"with {digits} of its key in {name}"] = urlunsplit(shorter)
    return urls


class SignedContract(ContractBase):
    """Tests of signed URLs."""

    @sentence("sign_url", NOTHING_ELSE)
    @needs("signed_urls")
    def test_signed_url_allows_no_writing(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(1000))
        for method in sorted(driver.capabilities.signed_urls):
            url = driver.sign_url("a/k", method, MINUTE)
            for other in ("PUT", "DELETE", "POST", "PATCH"):
                status = send(url, other)
                assert status >= 400, f"a URL signed for {method} was answered {status} for {other}"
                assert read_back(driver, "a/k") == body(1000), f"a URL signed for {method} allows {other}"

    @sentence("sign_url", NOTHING_ELSE)
    @needs("signed_urls")
    def test_signed_url_cannot_be_edited(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(1000))
        driver.put("a/other", body(1000, seed=1))
        for method in sorted(driver.capabilities.signed_urls):
            url = driver.sign_url("a/k", method, MINUTE)
            parts = urlsplit(url)
            urls = edited(url)
            for digits in ("1", "17"):
                driver.put(f"a/k{digits}", body(1000))
                urls |= shifted(driver.sign_url(f"a/k{digits}", method, MINUTE), digits)
            if parts.path.endswith("a/k"):
                urls["of another key"] = urlunsplit(parts._replace(path=f"{parts.path[:-3]}a/other"))
            for change, changed in urls.items():
                status = fetch(changed, method)[0]
                assert status >= 400, f"a URL signed for {method} was answered {status} {change}"

    @sentence("sign_url", "Return a URL that serves the object without further authentication.")
    @needs("signed_urls")
    def test_signed_urls_serve_objects_of_any_key(self, driver: StorageDriver) -> None:
        keys = [
            "A/b",
            "a/B",
            "a-b_c.d/e..f",
            "a/b--c",
            "a/b__c",
            "_a/_b",
            "a/b.tar.gz",
            "a/" + "long" * 60,
            "0/1/2/3/4",
        ]
        for key in keys:
            driver.put(key, key.encode())
        for key in keys:
            for method in driver.capabilities.signed_urls:
                status, length, data = fetch(driver.sign_url(key, method, MINUTE), method)
                assert (status, length) == (200, str(len(key))), f"{method} of {key!r}"
                assert data == (key.encode() if method == "GET" else b""), f"{method} of {key!r}"

    @sentence("sign_url", "The URL supports the Range header and expires after ``expires``.")
    @needs("signed_urls")
    def test_signed_urls_serve_ranges_of_uploaded_objects(self, driver: StorageDriver, part: int) -> None:
        data = body(2 * part + 3)
        state = driver.upload_start("a/k")
        for start, end in ((0, part + 1), (part + 1, len(data))):
            state = driver.upload_append(state, pieces(data[start:end], 1_000_000))
        driver.upload_commit(state)
        driver.move("a/k", "b/k")
        method: SignedMethod = "GET"
        if method not in driver.capabilities.signed_urls:
            return
        url = driver.sign_url("b/k", method, MINUTE)
        for start, end in ((0, 0), (part - 1, part + 2), (len(data) - 1, len(data) + 50), (0, len(data) - 1)):
            status, _, got = fetch(url, method, f"bytes={start}-{end}")
            assert status == 206
            assert got == data[start : end + 1], f"bytes={start}-{end} of {len(data)}"
        assert fetch(url, method)[2] == data
