"""Tests that a driver sees each change by another driver at once: caches may last only for milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from entrepot_contract import NotFound, StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import listed, read_back, upload

__all__ = ["SeenAtOnceContract"]

Look: TypeAlias = Callable[[StorageDriver, str], object]
Change: TypeAlias = Callable[[StorageDriver, str], object]

BEGINNING, LATER, LONGER = b"the beginning", b"another start", b"something that is longer"


def _read(driver: StorageDriver, key: str) -> object:
    try:
        return read_back(driver, key).data
    except NotFound:
        return None


def _size(driver: StorageDriver, key: str) -> object:
    try:
        return driver.stat(key).size
    except NotFound:
        return None


def _folder(key: str) -> str:
    return key.rpartition("/")[0] + "/"


LOOKS: Final[dict[str, Look]] = {
    "read": _read,
    "stat": _size,
    "a listing": lambda driver, key: key in listed(driver, _folder(key)),
    "a shallow listing": lambda driver, key: key in listed(driver, _folder(key), shallow=True),
    "a shallow listing of the folder above": lambda driver, key: (
        _folder(key) in listed(driver, _folder(_folder(key)[:-1]), shallow=True)
    ),
}


def _moved_onto(driver: StorageDriver, key: str) -> None:
    driver.put("beside/source", LONGER)
    driver.move("beside/source", key)


def _moved_away(driver: StorageDriver, key: str) -> None:
    driver.move(key, "beside/target")


CHANGES: Final[tuple[tuple[str, Change, bytes | None], ...]] = (
    ("has put", lambda driver, key: driver.put(key, BEGINNING), BEGINNING),
    ("has replaced", lambda driver, key: driver.put(key, LATER), LATER),
    ("has deleted", lambda driver, key: driver.delete([key]), None),
    ("has uploaded", lambda driver, key: upload(driver, key, BEGINNING), BEGINNING),
    ("has moved another object onto", _moved_onto, LONGER),
    ("has moved away", _moved_away, None),
)
"""Changes in their order, each with the content afterwards."""


def expected(look: str, data: bytes | None) -> object:
    """Return what a driver sees of an object with this content, or of a missing one."""
    if look == "read":
        return data
    if look == "stat":
        return None if data is None else len(data)
    return data is not None


class SeenAtOnceContract(ContractBase):
    """Tests with two drivers in one process, for drivers with the capability ``shared``."""

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @sentence("StorageDriver", "each of them sees a write, a move and a deletion at once,")
    @sentence("StorageDriver", "whatever it has read, listed or not found before.")
    @needs("shared")
    def test_each_change_by_another_driver_is_seen_at_once(self, driver: StorageDriver, open_driver: Opener) -> None:
        other = open_driver()
        for number, (name, look) in enumerate(LOOKS.items()):
            key, before = f"at/once/{number}/deep/k", None
            for what, change, after in CHANGES:
                # A driver may take what it has just seen for what is there: nothing else happens between the calls.
                assert look(driver, key) == expected(name, before), f"{name} is wrong before another driver {what} it"
                change(other, key)
                seen = look(driver, key)
                assert seen == expected(name, after), f"{name} is stale: another driver {what} {key}, and it saw {seen}"
                before = after
