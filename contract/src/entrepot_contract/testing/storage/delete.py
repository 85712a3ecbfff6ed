"""Tests of ``delete``."""

from __future__ import annotations

import pytest

from entrepot_contract import DeleteFailed, NotFound, StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import listed, read_back, store

__all__ = ["DeleteContract"]


class DeleteContract(ContractBase):
    """Tests of ``delete``."""

    @sentence("delete", "Delete objects")
    @sentence("delete", "A partial failure raises DeleteFailed, which names every key that was not deleted.")
    def test_delete_leaves_only_the_keys_that_it_names(self, driver: StorageDriver) -> None:
        keys = [f"d/{number % 7}/{number:03}" for number in range(100)]
        store(driver, *keys, "kept")
        named: set[str] = set()
        try:
            driver.delete(key for key in keys)
        except DeleteFailed as failed:
            named = set(failed.failed)
        assert set(listed(driver, "d/")) == named, "DeleteFailed must name exactly the keys that were not deleted"
        assert not named, "a store without faults deletes everything"
        for key in keys[:3]:
            with pytest.raises(NotFound):
                driver.stat(key)
        assert read_back(driver, "kept") == b"kept"

    @sentence("delete", "A missing key is not an error.")
    def test_delete_of_a_missing_key_is_no_error(self, driver: StorageDriver) -> None:
        store(driver, "a/b/c")
        driver.delete([])
        driver.delete(["missing", "m/issing", "a/missing", "a/b/c/d"])
        driver.delete(["a/b/c", "missing"])
        driver.delete(["a/b/c", "a/b/c"])
        store(driver, "a/b/c", "a/d")
        driver.delete(["a/b/c", "missing", "a/b/c", "a/d", "a/b/c"])
        assert listed(driver) == []

    @sentence("delete", "Objects below a key are not deleted with it.")
    def test_delete_takes_nothing_below_or_beside_a_key(self, driver: StorageDriver) -> None:
        store(driver, "a/b/c", "a/b/c-", "a/b/cc", "a/b/d/e", "a/bb", "a/b-")
        driver.delete(["a", "a/b", "a/b/d"])
        assert listed(driver) == ["a/b-", "a/b/c", "a/b/c-", "a/b/cc", "a/b/d/e", "a/bb"]
        driver.delete(["a/b/c"])
        assert listed(driver) == ["a/b-", "a/b/c-", "a/b/cc", "a/b/d/e", "a/bb"]
