"""Tests of ``upload_commit`` and ``upload_abort``."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from entrepot_contract import StorageDriver, UploadState, UploadUnknown
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, revived, upload
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["CommitContract"]

WAIT = timedelta(seconds=3)


def assert_unknown(driver: StorageDriver, *states: UploadState) -> None:
    """Assert that no operation is possible on an upload any more."""
    for state in states:
        with refused(UploadUnknown, driver, "upload_append", state.key):
            driver.upload_append(revived(state), [b"more"])
        for nothing in ([], [b""]):
            with refused(UploadUnknown, driver, "upload_append", state.key):
                driver.upload_append(revived(state), nothing)
        with refused(UploadUnknown, driver, "upload_commit", state.key, "t/other"):
            driver.upload_commit(revived(state), target="t/other")


class CommitContract(ContractBase):
    """Tests of the ways in which an upload can end."""

    @sentence("upload_commit", "Make the bytes of an upload readable at ``target``, by default the upload's own key.")
    @pytest.mark.parametrize("target", [None, "a/k", "b/target", "a/k.data"])
    @pytest.mark.parametrize("parts", [0.5, 2.5])
    def test_commit_makes_the_bytes_readable_at_the_target(
        self, driver: StorageDriver, part: int, target: str | None, parts: float
    ) -> None:
        data = body(int(part * parts) + 3)
        info = upload(driver, "a/k", data, target=target)
        assert (info.key, info.size) == (target or "a/k", len(data))
        assert read_back(driver, target or "a/k") == data
        assert driver.stat(target or "a/k").size == len(data)
        assert listed(driver) == [target or "a/k"]

    @sentence("upload_commit", "An existing target is replaced.")
    @pytest.mark.parametrize("target", [None, "b/target"])
    def test_commit_replaces_an_existing_target(self, driver: StorageDriver, part: int, target: str | None) -> None:
        key = target or "a/k"
        for number, size in enumerate((5, part + 3, 0, 7)):
            upload(driver, "a/k", body(size, seed=number), target=target)
            assert read_back(driver, key) == body(size, seed=number)
        driver.put(key, b"put")
        upload(driver, "a/k", b"uploaded", target=target)
        assert read_back(driver, key) == b"uploaded"
        assert listed(driver) == [key]

    @sentence("upload_commit", "An upload of size 0 creates an empty object.")
    @pytest.mark.parametrize("appends", [0, 1, 2])
    def test_commit_of_nothing_makes_an_empty_object(self, driver: StorageDriver, appends: int) -> None:
        state = driver.upload_start("a/k")
        for _ in range(appends):
            state = driver.upload_append(state, [b""])
        info = driver.upload_commit(state)
        assert (info.key, info.size) == ("a/k", 0)
        assert read_back(driver, "a/k") == b""

    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @sentence("upload_append", "After commit, abort or expiry it raises UploadUnknown.")
    @pytest.mark.parametrize("target", [None, "b/target"])
    def test_an_upload_is_unknown_after_its_commit(self, driver: StorageDriver, target: str | None) -> None:
        start = driver.upload_start("a/k")
        state = driver.upload_append(start, [b"content"])
        driver.upload_commit(state, target=target)
        assert_unknown(driver, state, start)
        assert listed(driver) == [target or "a/k"]
        driver.delete([target or "a/k"])
        assert_unknown(driver, state)

    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @sentence("upload_append", "After commit, abort or expiry it raises UploadUnknown.")
    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @pytest.mark.parametrize("size", [0, 10, None])
    def test_an_upload_is_unknown_after_its_abort(self, driver: StorageDriver, part: int, size: int | None) -> None:
        start = driver.upload_start("a/k")
        state = driver.upload_append(start, pieces(body(part + 1 if size is None else size)))
        other = driver.upload_append(driver.upload_start("a/k"), [b"other"])
        driver.upload_abort(revived(state))
        assert_unknown(driver, state, start)
        assert listed(driver) == []
        driver.upload_commit(other)
        assert read_back(driver, "a/k") == b"other"

    @sentence("upload_abort", "Idempotent, also after a commit.")
    def test_abort_is_idempotent(self, driver: StorageDriver) -> None:
        start = driver.upload_start("a/k")
        driver.upload_abort(start)
        driver.upload_abort(start)
        driver.upload_abort(revived(start))
        state = driver.upload_append(driver.upload_start("a/k"), [b"content"])
        driver.upload_commit(state)
        driver.upload_abort(state)
        driver.upload_abort(revived(state))
        assert read_back(driver, "a/k") == b"content"

    @sentence("upload_append", "After commit, abort or expiry it raises UploadUnknown.")
    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @needs("upload_ttl")
    def test_an_upload_is_unknown_after_its_expiry(self, driver: StorageDriver, request: pytest.FixtureRequest) -> None:
        ttl = driver.capabilities.upload_ttl
        assert ttl is not None
        assert ttl > timedelta(0)
        if ttl > WAIT:
            stop(request, "not-claimed", f"upload_ttl of at most {WAIT}, so that a test can wait for it")
        state = driver.upload_append(driver.upload_start("a/k"), [b"content"])
        time.sleep(ttl.total_seconds() * 1.5)
        assert_unknown(driver, state)
