"""Uploads with crashed hosts, concurrent hosts and lost responses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from support.proxies.fault_proxy import FaultProxy

from entrepot_contract import Unavailable, UploadConflict, UploadState, UploadUnknown
from entrepot_storage_azure import AzureDriver
from entrepot_storage_azure.uploads import BLOCK

from .conftest import OpenDriver


def copies(method: str, target: str) -> bool:
    return method == "PUT" and "/target" in target


def names(driver: AzureDriver) -> list[str]:
    """Return all blobs in the container, including uncommitted ones."""
    return [blob.name for blob in driver._account.container.list_blobs(include=["uncommittedblobs"])]


@pytest.fixture
def stuck(open_driver: OpenDriver, proxy: FaultProxy) -> tuple[AzureDriver, UploadState]:
    """An upload whose commit crashed before the copy, and left the lease behind."""
    driver = open_driver()
    state = driver.upload_append(driver.upload_start("a/k"), [b"content"])
    proxy.hang(matching=copies, times=1)
    with pytest.raises(Unavailable):
        open_driver(max_retries=0, readtimeout=1).upload_commit(state, target="target")
    return driver, state


def test_a_crashed_commit_can_be_repeated_at_once(stuck: tuple[AzureDriver, UploadState]) -> None:
    driver, state = stuck
    assert driver.upload_commit(state, target="target").size == 7
    assert names(driver) == ["target"]


def test_an_upload_with_a_crashed_commit_can_be_aborted(stuck: tuple[AzureDriver, UploadState]) -> None:
    driver, state = stuck
    driver.upload_abort(state)
    assert names(driver) == []
    with pytest.raises(UploadUnknown):
        driver.upload_commit(state, target="target")


def test_an_append_to_an_upload_that_is_being_committed_is_a_conflict(stuck: tuple[AzureDriver, UploadState]) -> None:
    driver, state = stuck
    with pytest.raises(UploadConflict) as caught:
        driver.upload_append(state, [b"more"])
    assert (caught.value.key, caught.value.operation) == ("a/k", "upload_append")
    assert driver.upload_commit(state, target="target").size == 7


def test_a_commit_waits_for_another_one_to_end(driver: AzureDriver) -> None:
    base = driver.upload_append(driver.upload_start("a/k"), [b"content"])
    more = driver.upload_append(base, [b" and more"])
    blob = driver._account.blob(names(driver)[0])
    lease = blob.acquire_lease(60)
    releasing = threading.Timer(0.5, lease.release)
    releasing.start()
    assert driver.upload_commit(more).size == 16
    releasing.join()


def test_an_append_whose_blocks_were_discarded_is_a_conflict(open_driver: OpenDriver, proxy: FaultProxy) -> None:
    driver = open_driver(connecttimeout=10, readtimeout=30)
    base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
    won: list[UploadState] = []
    proxy.clear()

    def overtaken() -> Iterator[bytes]:
        yield bytes(BLOCK)
        while not [target for _, target, status in proxy.requests if "comp=block&" in target and status == 201]:
            time.sleep(0.01)
        won.append(driver.upload_append(base, [b" won"]))
        yield b"lost"

    with pytest.raises(UploadConflict):
        driver.upload_append(base, overtaken())
    assert driver.upload_commit(won[0]).size == 8
    assert names(driver) == ["a/k"]


def test_the_later_of_two_appends_wins(driver: AzureDriver) -> None:
    base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
    first = driver.upload_append(base, [b" first"])
    empty = driver.upload_append(base, [])
    with pytest.raises(UploadConflict):
        driver.upload_commit(first)
    assert driver.upload_commit(empty).size == 4


def test_an_upload_leaves_nothing_behind(open_driver: OpenDriver) -> None:
    driver = open_driver(connecttimeout=10, readtimeout=30)
    first = driver.upload_append(driver.upload_start("a/k"), [bytes(20_000_000)])
    second = driver.upload_append(driver.upload_start("a/k"), [b"content"])
    assert len(names(driver)) == 2
    driver.upload_commit(first)
    driver.upload_abort(second)
    assert names(driver) == ["a/k"]
    with pytest.raises(UploadUnknown):
        driver.upload_append(second, [])
    assert names(driver) == ["a/k"]
