"""Tests of what was added in version 1.1: ``put`` without durability, and ``delete_unchanged``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import pytest

from entrepot_contract import AlreadyExists, Capabilities, NotFound, ObjectInfo, StorageDriver, Unsupported, WriteMode
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import needs, sentence, since
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back, upload
from entrepot_contract.testing.storage.described import LATITUDE, alike
from entrepot_contract.testing.storage.refusing import refused
from entrepot_contract.testing.threads import together

__all__ = ["AddedContract"]

WRITES: Mapping[str, Callable[[StorageDriver, str, bytes], ObjectInfo]] = {
    "put": lambda driver, key, data: driver.put(key, data),
    "put, not durable": lambda driver, key, data: driver.put(key, data, durable=False),
    "upload_commit": upload,
    "move": lambda driver, key, data: driver.move(driver.put("moved/k", data).key, key),
}


class AddedContract(ContractBase, ProcessBase):
    """Tests of what version 1.1 of the contract added."""

    @since(1, 1)
    @sentence("put", "With ``durable=False``, it only has to survive the end of the process")
    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    def test_put_without_durability_is_a_complete_put(self, driver: StorageDriver, claims: Capabilities) -> None:
        for size in (0, 1, 100_003):
            info = driver.put("a/k", body(size), durable=False)
            alike(info, driver.stat("a/k"), "put(durable=False) and stat", LATITUDE)
            assert read_back(driver, "a/k") == body(size)
            assert listed(driver) == ["a/k"]
        if claims.create:
            driver.put("a/new", b"new", mode=WriteMode.CREATE, durable=False)
            with refused(AlreadyExists, driver, "put", "a/k"):
                driver.put("a/k", b"other", mode=WriteMode.CREATE, durable=False)
        assert read_back(driver, "a/k") == body(100_003), "a refused CREATE changed the object"

    @since(1, 1)
    @sentence("put", "With ``durable=False``, it only has to survive the end of the process")
    @needs("shared")
    def test_put_without_durability_survives_the_process(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes
    ) -> None:
        other = processes.open(1, config)[0]
        assert other.call("put_not_durable", key="a/k", text="other") == 5
        other.kill()
        assert read_back(driver, "a/k") == b"other"

    @since(1, 1)
    @sentence("delete_unchanged", "Delete an object only if it is still the one that ``info`` describes")
    @sentence("delete_unchanged", "by its etag; return whether it was.")
    @sentence("delete_unchanged", "A missing key is not an error, and the result is False.")
    @needs("conditional_delete")
    def test_an_unchanged_object_is_deleted(self, driver: StorageDriver) -> None:
        for write in WRITES.values():
            write(driver, "a/k", b"content")
            driver.put("a/k-", b"beside")
            seen = driver.stat("a/k")
            assert driver.delete_unchanged(seen) is True, "an object that was not written to was not deleted"
            assert listed(driver) == ["a/k-"], "the object is still there, or another one was deleted with it"
            assert driver.delete_unchanged(seen) is False, "a missing key was reported as deleted"
            for look in (driver.stat, driver.read):
                with pytest.raises(NotFound):
                    look("a/k")
            if driver.capabilities.create:
                driver.put("a/k", b"created", mode=WriteMode.CREATE)

    @since(1, 1)
    @sentence("delete_unchanged", "If ``info`` has no etag, nothing is deleted, and the result is False.")
    @needs("conditional_delete")
    def test_nothing_is_deleted_without_an_etag(self, driver: StorageDriver) -> None:
        for write in WRITES.values():
            write(driver, "a/k", b"content")
            seen = dataclasses.replace(driver.stat("a/k"), etag=None)
            assert driver.delete_unchanged(seen) is False, "an object was reported as unchanged without its etag"
            assert read_back(driver, "a/k") == b"content", "an object was deleted without its etag"

    @since(1, 1)
    @sentence("delete_unchanged", "An object that was written after ``info`` was returned stays")
    @sentence("delete_unchanged", "and the result is False.")
    @needs("conditional_delete")
    @pytest.mark.parametrize("write", WRITES)
    def test_a_changed_object_stays(self, driver: StorageDriver, write: str) -> None:
        for content in (b"other", b"first"):
            driver.put("a/k", b"first")
            seen = driver.stat("a/k")
            WRITES[write](driver, "a/k", content)
            assert driver.delete_unchanged(seen) is False, f"an object that {write} replaced was reported as deleted"
            assert read_back(driver, "a/k") == content

    @since(1, 1)
    @sentence("delete_unchanged", "The comparison and the deletion are one step")
    @sentence("delete_unchanged", "of a concurrent write, the object is never deleted.")
    @needs("conditional_delete")
    @pytest.mark.parametrize("write", WRITES)
    def test_a_concurrent_write_is_never_deleted(self, driver: StorageDriver, repeat: Repeat, write: str) -> None:
        for turn in range(repeat(30)):
            driver.put("a/k", b"old")
            seen = driver.stat("a/k")

            def work(number: int, seen: ObjectInfo = seen, turn: int = turn) -> None:
                if number == turn % 4:
                    WRITES[write](driver, "a/k", b"new")
                else:
                    driver.delete_unchanged(seen)

            together(work)
            assert read_back(driver, "a/k") == b"new", "delete_unchanged deleted an object written at the same time"

    @since(1, 1)
    @sentence("delete_unchanged", "Added in version 1.1. Requires the capability ``conditional_delete``;")
    @sentence("delete_unchanged", "otherwise raises Unsupported.")
    def test_delete_unchanged_is_claimed_or_unsupported(self, driver: StorageDriver, claims: Capabilities) -> None:
        seen = driver.put("a/k", b"content")
        if claims.conditional_delete:
            assert driver.delete_unchanged(seen) is True
        else:
            with pytest.raises(Unsupported):
                driver.delete_unchanged(seen)
            assert listed(driver) == ["a/k"], "a refused delete_unchanged deleted the object"
