"""Tests of CREATE beside other writes of one key, and of two drivers that write at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pytest

from entrepot_contract import AlreadyExists, ObjectInfo, StorageDriver, WriteMode
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, revived
from entrepot_contract.testing.threads import together

__all__ = ["CreateRaceContract"]

Prepared = Callable[[StorageDriver, str], Callable[[], ObjectInfo]]


def _commit(driver: StorageDriver, key: str) -> Callable[[], ObjectInfo]:
    state = driver.upload_append(driver.upload_start(key), [b"overwritten"])
    return lambda: driver.upload_commit(state)


def _move(driver: StorageDriver, key: str) -> Callable[[], ObjectInfo]:
    driver.put(f"{key}-source", b"overwritten")
    return lambda: driver.move(f"{key}-source", key)


WRITES: Final[Mapping[str, Prepared]] = {
    "put": lambda driver, key: lambda: driver.put(key, b"overwritten"),
    "upload_commit": _commit,
    "move": _move,
}


class CreateRaceContract(ContractBase):
    """Tests of writers that begin at the same time."""

    @sentence("put", "CREATE on an existing key raises AlreadyExists and leaves the object unchanged.")
    @needs("create")
    @pytest.mark.parametrize("write", WRITES)
    def test_a_create_never_replaces_what_is_written_at_the_same_time(
        self, driver: StorageDriver, repeat: Repeat, write: str
    ) -> None:
        for turn in range(repeat(40)):
            key = f"c/{turn}"
            overwrite = WRITES[write](driver, key)

            def work(number: int, key: str = key, overwrite: Callable[[], ObjectInfo] = overwrite) -> None:
                if number == 0:
                    overwrite()
                    return
                try:
                    driver.put(key, b"created", mode=WriteMode.CREATE)
                except AlreadyExists:
                    return

            together(work)
            # A CREATE that succeeded came first, and what came after it has replaced its object.
            assert read_back(driver, key) == b"overwritten", f"a CREATE has replaced what {write} wrote"

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @sentence("storage", "Drivers are synchronous and thread-safe.")
    @needs("shared")
    def test_drivers_of_one_process_write_at_the_same_time(
        self, driver: StorageDriver, open_driver: Opener, repeat: Repeat
    ) -> None:
        drivers = [driver, open_driver(), open_driver(), driver]
        for each in drivers[1:3]:
            each.put("first/k", b"opened")

        def work(number: int) -> None:
            own = drivers[number]
            for turn in range(repeat(20)):
                data = body(40_000 + number, seed=turn)
                own.put(f"p/{turn}/{number}", data)
                state = own.upload_append(own.upload_start("u/k"), pieces(data))
                own.upload_commit(revived(state), target=f"u/{turn}/{number}")
                own.move(f"p/{turn}/{number}", f"m/{turn}/{number}")
                own.put(f"d/{turn}/{number}", data)
                own.delete([f"d/{turn}/{number}"])

        together(work)
        for turn in range(repeat(20)):
            for number in range(len(drivers)):
                for folder in ("m", "u"):
                    found = read_back(driver, f"{folder}/{turn}/{number}")
                    assert found == body(40_000 + number, seed=turn), "drivers that wrote at the same time were mixed"
        assert listed(driver, "p/") == listed(driver, "d/") == []
