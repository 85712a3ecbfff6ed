"""Tests of ``move``."""

from __future__ import annotations

import pytest

from entrepot_contract import InvalidKey, NotFound, StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back, upload
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["MoveContract"]


class MoveContract(ContractBase):
    """Tests of ``move``."""

    @sentence("move", "Move an object to another key.")
    @sentence("move", "On return the target is complete, replacing any existing object, and the source is gone.")
    @pytest.mark.parametrize("target", ["a/other", "b/c/d", "a/k.x"])
    @pytest.mark.parametrize("there", [False, True])
    def test_move_leaves_the_target_whole_and_no_source(self, driver: StorageDriver, target: str, there: bool) -> None:
        driver.put("a/k", b"content")
        if there:
            driver.put(target, b"what was there before")
        info = driver.move("a/k", target)
        assert (info.key, info.size) == (target, 7)
        assert read_back(driver, target) == b"content"
        assert listed(driver) == [target]
        with pytest.raises(NotFound):
            driver.stat("a/k")

    @sentence("move", "On return the target is complete, replacing any existing object, and the source is gone.")
    def test_move_of_large_and_empty_objects(self, driver: StorageDriver, part: int) -> None:
        data = body(2 * part + 17)
        upload(driver, "large", data)
        driver.put("empty", b"")
        assert driver.move("large", "l/moved").size == len(data)
        assert driver.move("empty", "e/moved").size == 0
        assert read_back(driver, "l/moved") == data
        assert read_back(driver, "e/moved") == b""

    @sentence("move", "A missing source raises NotFound; the same key twice raises InvalidKey.")
    @pytest.mark.parametrize("source", ["missing", "a", "a/k/below"])
    def test_move_of_a_missing_source_raises(self, driver: StorageDriver, source: str) -> None:
        driver.put("a/k", b"object")
        driver.put("target", b"untouched")
        with refused(NotFound, driver, "move", source):
            driver.move(source, "target")
        assert read_back(driver, "target") == b"untouched"
        assert listed(driver) == ["a/k", "target"]

    @sentence("move", "A missing source raises NotFound; the same key twice raises InvalidKey.")
    def test_move_onto_itself_raises_and_keeps_the_object(self, driver: StorageDriver) -> None:
        driver.put("a/k", b"object")
        with refused(InvalidKey, driver, "move", "a/k"):
            driver.move("a/k", "a/k")
        assert read_back(driver, "a/k") == b"object"
