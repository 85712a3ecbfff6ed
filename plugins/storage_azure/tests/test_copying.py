"""Copies of more than one request takes, with the limit set low: Azurite's machine need not hold 256 MiB."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest
from azure.storage.blob import BlobClient
from services.fault_proxy import FaultProxy

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
    """Azurite has no Put Block From URL: play it, by what its documentation says; the offsets that were asked for."""
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


def test_parts_that_another_copy_threw_away_are_copied_again(
    driver: AzureDriver, proxy: FaultProxy, put_block_from_url: list[int]
) -> None:
    state = driver.upload_append(driver.upload_start("a/k"), [DATA])
    told = {"x-ms-error-code": "InvalidBlockList", "Content-Type": "application/xml"}
    proxy.answer(400, b"", told, matching=lambda _, target: "/a/k?" in target and "comp=blocklist" in target, times=1)
    driver.upload_commit(state)
    assert sorted(put_block_from_url) == sorted(2 * [0, PART, 2 * PART])
    assert read(driver, "a/k") == DATA


def test_a_source_that_changes_under_its_copy_is_not_copied(
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


def test_where_there_is_no_put_block_from_url_the_whole_is_copied(driver: AzureDriver) -> None:
    driver.upload_commit(driver.upload_append(driver.upload_start("a/k"), [DATA]))
    assert read(driver, "a/k") == DATA
