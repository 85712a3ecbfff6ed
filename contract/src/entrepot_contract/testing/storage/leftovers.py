"""Tests of what uploads and overwrites leave in the backend, for suites that provide the number of bytes in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import pytest

from entrepot_contract import StorageDriver, UploadConflict, UploadUnknown
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, pieces, revived

__all__ = ["LeftoverContract"]

Stored = Callable[[], int]
SLACK: Final = 64 * 2**10
"""Bytes that a driver may keep for each test: names, directories and records, but not the content."""


class LeftoverContract(ContractBase):
    """Tests that count the bytes of the backend before and after."""

    def _assert_holds(self, stored_bytes: Stored | None, size: int, after: str) -> None:
        assert stored_bytes is not None
        held = stored_bytes()
        assert held <= size + SLACK, f"after {after}, the backend holds {held} bytes, for objects of {size}"

    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @needs("stored_bytes")
    @pytest.mark.parametrize("chosen", [0, -1])
    def test_an_abort_leaves_no_bytes(
        self, driver: StorageDriver, stored_bytes: Stored | None, part: int, chosen: int
    ) -> None:
        states = [driver.upload_start("a/k")]
        for size in (SLACK, part + SLACK, 2 * part):
            states.append(driver.upload_append(states[-1], pieces(body(size), 2**20)))
        driver.upload_append(states[1], pieces(body(part + SLACK), 2**20))
        driver.upload_abort(revived(states[chosen]))
        self._assert_holds(stored_bytes, 0, "an abort")

    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @sentence("upload_append", "If ``data`` raises, its exception is propagated, and ``state`` stays usable.")
    @needs("stored_bytes")
    def test_an_abort_leaves_no_bytes_of_bodies_that_raised(
        self, driver: StorageDriver, stored_bytes: Stored | None, part: int
    ) -> None:
        def raising() -> Iterator[bytes | bytearray | memoryview]:
            yield from pieces(body(2 * part + SLACK), 2**20)
            raise ValueError("raised by the body")

        state = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        for _ in range(2):
            with pytest.raises(ValueError, match="raised by the body"):
                driver.upload_append(state, raising())
        driver.upload_abort(state)
        self._assert_holds(stored_bytes, 0, "an abort of an upload whose bodies raised")

    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @sentence("upload_append", "those that contradict each other raise UploadConflict or UploadUnknown.")
    @needs("stored_bytes")
    def test_an_append_leaves_no_bytes_of_an_upload_that_was_aborted_meanwhile(
        self, driver: StorageDriver, stored_bytes: Stored | None, part: int
    ) -> None:
        state = driver.upload_append(driver.upload_start("a/k"), [b"base"])

        def aborting() -> Iterator[bytes | bytearray | memoryview]:
            yield from pieces(body(part + SLACK), 2**20)
            driver.upload_abort(revived(state))
            yield from pieces(body(part + SLACK), 2**20)

        with suppress(UploadConflict, UploadUnknown):
            driver.upload_append(state, aborting())
        driver.upload_abort(state)
        self._assert_holds(stored_bytes, 0, "an abort in the middle of an append")

    @sentence("upload_commit", "Apart from the object, nothing of the upload is left.")
    @needs("stored_bytes")
    def test_a_commit_leaves_only_the_object(
        self, driver: StorageDriver, stored_bytes: Stored | None, part: int
    ) -> None:
        total = 0
        for number, target in enumerate((None, "b/k", "b/k")):
            start = driver.upload_start("a/k")
            driver.upload_append(start, pieces(body(part + 2 * SLACK), 2**20))
            state = driver.upload_append(start, pieces(body(SLACK, seed=number), 2**20))
            state = driver.upload_append(state, pieces(body(part + SLACK, seed=number), 2**20))
            driver.upload_append(state, pieces(body(part + SLACK), 2**20))
            total += driver.upload_commit(revived(state), target=target).size if number < 2 else 0
            if number == 2:
                driver.upload_commit(revived(state), target=target)
        self._assert_holds(stored_bytes, total, "commits of uploads with overtaken appends")
        driver.delete(["a/k", "b/k"])
        assert listed(driver) == []
        self._assert_holds(stored_bytes, 0, "a deletion of all objects")

    @sentence("delete", "Delete objects")
    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    @needs("stored_bytes")
    def test_overwrites_and_deletions_leave_no_bytes(self, driver: StorageDriver, stored_bytes: Stored | None) -> None:
        size = 16 * SLACK
        for number in range(4):
            driver.put("a/k", body(size, seed=number))
        self._assert_holds(stored_bytes, size, "overwrites")
        driver.put("a/m", body(size))
        driver.move("a/m", "a/k")
        self._assert_holds(stored_bytes, size, "a move onto an object")
        driver.delete(["a/k"])
        self._assert_holds(stored_bytes, 0, "a deletion")
