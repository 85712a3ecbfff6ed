"""Tests that verbs which change something see what another driver has done, whatever this one has seen before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

import pytest

from entrepot_contract import AlreadyExists, NotFound, StorageDriver, WriteMode
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import body, listed, read_back, upload
from entrepot_contract.testing.writing import WRITE_VERBS, write

__all__ = ["SeenByWritesContract"]

Call: TypeAlias = Callable[[StorageDriver, str], object]

LOOKS: Final[Mapping[str, Call]] = {
    "stat": lambda driver, key: driver.stat(key),
    "read": lambda driver, key: read_back(driver, key),
    "list_objects": lambda driver, key: listed(driver, "s/"),
    "delete": lambda driver, key: driver.delete([f"{key}/none"]),
}


GONE: Final[Mapping[str, Call]] = {
    "delete": lambda driver, key: driver.delete([key]),
    "move": lambda driver, key: driver.move(key, "from/gone"),
}


class SeenByWritesContract(ContractBase):
    """Tests with two drivers in one process, for drivers with the capability ``shared``."""

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @sentence("StorageDriver", "whatever it has read, listed or not found before.")
    @needs("shared")
    @pytest.mark.parametrize("verb", WRITE_VERBS)
    def test_what_another_driver_wrote_is_there_for_verbs_that_change_it(
        self, driver: StorageDriver, open_driver: Opener, verb: str
    ) -> None:
        other = open_driver()
        for number, (looked, look) in enumerate(LOOKS.items()):
            keys = [f"s/{number}/{name}" for name in ("deleted", "moved", "created")]
            for key in keys:
                with suppress(NotFound):
                    look(driver, key)
                write(other, verb, key, b"written")
            driver.delete(keys[:1])
            assert keys[0] not in listed(other), f"after {looked} of a missing key, delete left what another one wrote"
            try:
                assert driver.move(keys[1], f"t/{number}").size == len(b"written")
            except NotFound:
                pytest.fail(f"after {looked} of a missing key, move did not find what another driver wrote")
            assert read_back(other, f"t/{number}") == b"written"
            if driver.capabilities.create:
                with pytest.raises(AlreadyExists):
                    driver.put(keys[2], b"created", mode=WriteMode.CREATE)
                assert read_back(other, keys[2]) == b"written", f"after {looked} of a missing key, CREATE replaced it"

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @sentence("StorageDriver", "whatever it has read, listed or not found before.")
    @needs("shared")
    @pytest.mark.parametrize("gone", GONE)
    def test_what_another_driver_removed_is_gone_for_verbs_that_change_it(
        self, driver: StorageDriver, open_driver: Opener, gone: str
    ) -> None:
        other = open_driver()
        for number, (looked, look) in enumerate(LOOKS.items()):
            keys = [f"s/{number}/{name}" for name in ("moved", "created", "put", "uploaded")]
            for key in keys:
                driver.put(key, body(100))
                look(driver, key)
                GONE[gone](other, key)
            with pytest.raises(NotFound):
                driver.move(keys[0], f"t/{number}")
            assert f"t/{number}" not in listed(other), f"after {looked}, move made a target of what another one removed"
            if driver.capabilities.create:
                driver.put(keys[1], b"new", mode=WriteMode.CREATE)
                assert read_back(other, keys[1]) == b"new", f"after {looked}, CREATE has not written the object"
            driver.put(keys[2], body(100))
            upload(driver, keys[3], body(100))
            for key in keys[2:]:
                assert read_back(other, key) == body(100), f"after {looked}, equal bytes were not written again"

    @sentence("delete_unchanged", "An object that was written after ``info`` was returned stays")
    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @needs("shared")
    @needs("conditional_delete")
    def test_what_another_driver_replaced_is_not_unchanged(self, driver: StorageDriver, open_driver: Opener) -> None:
        other = open_driver()
        for number, verb in enumerate(WRITE_VERBS):
            key = f"s/{number}"
            driver.put(key, b"written")
            seen = driver.stat(key)
            read_back(driver, key)
            write(other, verb, key, b"written")
            assert driver.delete_unchanged(seen) is False, "an object that another driver replaced is not unchanged"
            assert read_back(other, key) == b"written", "delete_unchanged deleted what another driver wrote"
