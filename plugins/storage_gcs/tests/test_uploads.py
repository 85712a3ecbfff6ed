"""Uploads in the bucket: composed parts, the journal, and cleanup."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from support.proxies.fault_proxy import FaultProxy
from support.services.gcs import Gcs

from entrepot_contract import UploadConflict, UploadState, UploadUnknown
from entrepot_storage_gcs import GcsDriver, uploads

from .conftest import OpenDriver


def names(gcs: Gcs, bucket: str) -> list[str]:
    """Return all names in a bucket, including working files."""
    page = requests.get(f"{gcs.endpoint}/storage/v1/b/{bucket}/o", timeout=10).json()
    return [item["name"] for item in page.get("items") or []]


def content(driver: GcsDriver, key: str) -> bytes:
    with driver.read(key) as reader:
        return b"".join(reader)


def composes(proxy: FaultProxy) -> int:
    return sum(target.partition("?")[0].endswith("/compose") for _, target, _ in proxy.requests)


def is_entry(method: str, target: str) -> bool:
    """Return whether a request writes into a journal; detected by its condition, because the name is in the body."""
    return method == "POST" and "ifGenerationMatch" in target


def appended(driver: GcsDriver, *bodies: bytes) -> UploadState:
    state = driver.upload_start("a/k")
    for body in bodies:
        state = driver.upload_append(state, [body])
    return state


@pytest.mark.parametrize(("parts", "calls"), [(1, 1), (32, 1), (33, 3), (70, 4)])
def test_parts_are_composed_by_32(
    open_driver: OpenDriver, proxy: FaultProxy, gcs: Gcs, bucket: str, parts: int, calls: int
) -> None:
    driver = open_driver(chunksize=2**18)
    data = b"".join(b"%4d" % number * 2**16 for number in range(parts))
    driver.upload_commit(appended(driver, data))
    assert content(driver, "a/k") == data
    assert composes(proxy) == calls
    assert names(gcs, bucket) == ["a/k"]


def test_composed_parts_are_composed_again_if_necessary(driver: GcsDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "COMPOSED", 3)
    driver.upload_commit(appended(driver, *(b"%d" % (number % 10) for number in range(30))))
    assert content(driver, "a/k") == b"0123456789" * 3


def test_many_appends_become_one_part_and_all_states_stay_valid(
    driver: GcsDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MERGED", 4)
    states = [driver.upload_start("a/k")]
    for number in range(10):
        states.append(driver.upload_append(states[-1], [b"%d" % number]))
    assert max(len(json.loads(state.token)[3]) for state in states) == 4
    again = driver.upload_append(states[5], [b"again"])
    with pytest.raises(UploadConflict):
        driver.upload_commit(states[10])
    driver.upload_commit(again)
    assert content(driver, "a/k") == b"01234again"


def test_an_upload_leaves_nothing_behind_in_the_bucket(driver: GcsDriver, gcs: Gcs, bucket: str) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 9_000_000
        raise OSError("the client is gone")

    base = appended(driver, b"base", b"dropped")
    other = appended(driver, b"other")
    before = names(gcs, bucket)
    with pytest.raises(OSError, match="the client is gone"):
        driver.upload_append(base, broken())
    assert names(gcs, bucket) == before
    driver.upload_append(base, [b"dropped too"])
    driver.upload_commit(driver.upload_append(base, [b"end"]))
    driver.upload_abort(other)
    assert names(gcs, bucket) == ["a/k"]


def test_an_entry_whose_response_was_lost_is_valid(driver: GcsDriver, proxy: FaultProxy) -> None:
    base = appended(driver, b"base")
    proxy.drop(matching=is_entry, times=1)
    state = driver.upload_append(base, [b" and more"])
    proxy.drop(matching=is_entry, times=1)
    driver.upload_commit(state)
    assert content(driver, "a/k") == b"base and more"


def test_a_commit_whose_response_was_lost_is_repeated(driver: GcsDriver, proxy: FaultProxy) -> None:
    state = appended(driver, b"content")
    proxy.drop(matching=lambda _, target: "/compose" in target, times=1)
    assert driver.upload_commit(state).size == 7
    assert content(driver, "a/k") == b"content"


def test_a_failed_commit_can_be_repeated_but_nothing_else(driver: GcsDriver, proxy: FaultProxy) -> None:
    base = appended(driver, b"base")
    state = driver.upload_append(base, [b" and more"])
    proxy.answer(403, b"{}", matching=lambda _, target: "/compose" in target)
    with pytest.raises(Exception, match="403"):
        driver.upload_commit(state)
    proxy.heal()
    with pytest.raises(UploadUnknown):
        driver.upload_commit(base)
    with pytest.raises(UploadUnknown):
        driver.upload_append(state, [b"x"])
    driver.upload_commit(state)
    assert content(driver, "a/k") == b"base and more"
    with pytest.raises(UploadUnknown):
        driver.upload_commit(state)


def test_an_upload_whose_parts_are_gone_is_unknown(driver: GcsDriver, proxy: FaultProxy) -> None:
    state = appended(driver, b"content")
    # The test server returns 500 here, and Cloud Storage 404.
    proxy.answer(404, b"{}", matching=lambda _, target: "/compose" in target)
    with pytest.raises(UploadUnknown):
        driver.upload_commit(state)


def test_a_move_continues_until_the_copy_is_done(driver: GcsDriver, proxy: FaultProxy) -> None:
    driver.put("a/k", b"content")
    proxy.answer(
        200,
        b'{"done": false, "rewriteToken": "half-done"}',
        {"Content-Type": "application/json"},
        matching=lambda _, target: "/rewriteTo/" in target,
        times=1,
    )
    assert driver.move("a/k", "b/k").size == 7
    first, second = [target for _, target, _ in proxy.requests if "/rewriteTo/" in target]
    assert "rewriteToken" not in first
    assert second.endswith("rewriteToken=half-done")
    assert [item.key for item in driver.list_objects()] == ["b/k"]


def test_a_bucket_can_be_shared_by_rootdirectory(open_driver: OpenDriver, gcs: Gcs, bucket: str) -> None:
    inside, beside = open_driver(rootdirectory="/registry/one/"), open_driver(rootdirectory="registry")
    inside.put("a/k", b"inside")
    beside.put("a/k", b"beside")
    state = inside.upload_append(inside.upload_start("a/u"), [b"x"])
    assert [item.key for item in inside.list_objects()] == ["a/k"]
    assert [item.key for item in beside.list_objects()] == ["a/k", "one/a/k"]
    inside.upload_commit(state)
    assert names(gcs, bucket) == ["registry/a/k", "registry/one/a/k", "registry/one/a/u"]
