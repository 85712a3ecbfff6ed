"""Copies that need several requests, with a low limit, so that no test needs 256 MiB."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest
from azure.storage.blob import BlobClient
from support.proxies.fault_proxy import FaultProxy

from entrepot_contract import Unavailable
from entrepot_storage_azure import AzureDriver, copying

DATA = bytes(range(256)) * 1000
PART = 100_000

StageFromUrl = Callable[..., dict[str, object]]


@pytest.fixture(autouse=True)
def _low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "WHOLE", PART)
    monkeypatch.setattr(copying, "PART", PART)


@pytest.fixture
def put_block_from_url(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Simulates Put Block From URL, which Azurite does not support; the list of requested offsets."""
    offsets: list[int] = []

    def stage(
        blob: BlobClient, block_id: str, url: str, offset: int, length: int, source_authorization: str | None
    ) -> None:
        assert source_authorization is None
        offsets.append(offset)
        wanted = urllib.request.Request(url, headers={"x-ms-range": f"bytes={offset}-{offset + length - 1}"})  # noqa: S310
        with urllib.request.urlopen(wanted) as answer:  # noqa: S310 - Azurite's own URL
            blob.stage_block(block_id, answer.read())

    monkeypatch.setattr(BlobClient, "stage_block_from_url", stage)
    return offsets


def read(driver: AzureDriver, key: str) -> bytes:
    with driver.read(key) as reader:
        return b"".join(reader)


def test_a_large_upload_is_copied_in_parts(driver: AzureDriver, put_block_from_url: list[int]) -> None:
    state = driver.upload_append(driver.upload_start("a/k"), [DATA])
    info = driver.upload_commit(state)
    assert sorted(put_block_from_url) == [0, PART, 2 * PART]
    assert (info.size, read(driver, "a/k"), driver.stat("a/k")) == (len(DATA), DATA, info)
    assert read(driver, driver.move("a/k", "b/k").key) == DATA


def test_parts_discarded_by_another_copy_are_copied_again(
    driver: AzureDriver, proxy: FaultProxy, put_block_from_url: list[int]
) -> None:
    state = driver.upload_append(driver.upload_start("a/k"), [DATA])
    headers = {"x-ms-error-code": "InvalidBlockList", "Content-Type": "application/xml"}
    proxy.answer(
        400, b"", headers, matching=lambda _, target: "/a/k?" in target and "comp=blocklist" in target, times=1
    )
    driver.upload_commit(state)
    assert sorted(put_block_from_url) == sorted(2 * [0, PART, 2 * PART])
    assert read(driver, "a/k") == DATA


def test_a_source_that_changes_during_the_copy_is_not_copied(
    driver: AzureDriver, put_block_from_url: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.put("a/k", DATA)
    stage: StageFromUrl = BlobClient.stage_block_from_url

    def overtaken(blob: BlobClient, *arguments: object, **named: object) -> dict[str, object]:
        driver.put("a/k", DATA[::-1])
        return stage(blob, *arguments, **named)

    monkeypatch.setattr(BlobClient, "stage_block_from_url", overtaken)
    with pytest.raises(Unavailable, match="replaced"):
        driver.move("a/k", "b/k")
    assert [item.key for item in driver.list_objects()] == ["a/k"]
    assert read(driver, "a/k") == DATA[::-1]


def test_without_put_block_from_url_the_blob_is_copied_at_once(driver: AzureDriver) -> None:
    driver.upload_commit(driver.upload_append(driver.upload_start("a/k"), [DATA]))
    assert read(driver, "a/k") == DATA
