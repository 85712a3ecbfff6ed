"""Tests of ``delete`` with many keys, any iterable, and iterables that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from entrepot_contract import NotFound, StorageDriver, WriteMode
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import for_each, listed, read_back, store, upload
from entrepot_contract.testing.threads import together

__all__ = ["DeletingContract"]

PLACES = (0, 1, 98, 99, 100, 101, 255, 256, 257, 499, 500, 998, 999, 1000, 1001, 1023, 1024, 1999, 2000, 2001, 2499)
"""Where the existing keys are among 2,500: at the ends of the batches of usual backends."""

ITERABLES: dict[str, Callable[[list[str]], Iterable[str]]] = {
    "tuple": tuple,
    "set": set,
    "dict": dict.fromkeys,
    "iterator": iter,
    "generator": lambda keys: (key for key in keys),
}


class StoppedError(Exception):
    """Raised by an iterable of keys."""


class Stopped(BaseException):
    """Raised by an iterable of keys where the caller is interrupted."""


ERRORS = [StoppedError("stopped"), Stopped("stopped"), KeyError("key"), OSError(5, "the caller's disk")]


class DeletingContract(ContractBase):
    """Tests of deletions of many keys."""

    @sentence("delete", "Delete objects")
    @sentence("delete", "A missing key is not an error.")
    def test_delete_takes_thousands_of_keys(self, driver: StorageDriver) -> None:
        keys = [f"d/{'long' * 20}/{number:04}" for number in range(2500)]
        there = [keys[place] for place in PLACES]
        for_each(lambda key: driver.put(key, b"object"), [*there, "d/kept", "kept"])
        driver.delete(key for key in (*keys, *keys[990:1010]))
        left = listed(driver)
        assert left == ["d/kept", "kept"], f"{len(left) - 2} of {len(there)} objects were left by one call of delete"
        driver.delete(key for key in keys)
        assert listed(driver) == ["d/kept", "kept"]

    @sentence("delete", "``keys`` may be any iterable")
    @pytest.mark.parametrize("kind", ITERABLES)
    def test_delete_takes_any_iterable(self, driver: StorageDriver, kind: str) -> None:
        store(driver, "a/b", "a/c", "d", "kept")
        driver.delete(ITERABLES[kind](["a/b", "a/c", "d", "missing"]))
        assert listed(driver) == ["kept"]
        driver.delete(ITERABLES[kind]([]))
        driver.delete(ITERABLES[kind](["kept"]))
        assert listed(driver) == []

    @sentence("delete", "If it raises, its exception is propagated, and keys that it has not yielded stay.")
    @pytest.mark.parametrize("before", [0, 2, 1500])
    def test_delete_passes_exceptions_of_its_keys(self, driver: StorageDriver, before: int) -> None:
        for error in ERRORS:
            self.check_exception(driver, error, before)

    def check_exception(self, driver: StorageDriver, error: BaseException, before: int) -> None:
        """Delete so many keys of an iterable that then raises ``error``."""
        store(driver, "a/1", "a/2", "a/3")

        def keys() -> Iterator[str]:
            yield from ["a/1", "a/2", *(f"missing/{number}" for number in range(before))][:before]
            raise error

        raised: BaseException | None = None
        try:
            driver.delete(keys())
        except BaseException as caught:  # noqa: BLE001 - any class passes through
            raised = caught
        assert raised is error, f"{error!r} of the iterable of keys became {raised!r}: it must be propagated unchanged"
        kept = {"a/3"} if before else {"a/1", "a/2", "a/3"}
        assert kept <= set(listed(driver)), "a deletion must not take keys that were not yielded"
        driver.delete(["a/1", "a/2", "a/3"])
        assert listed(driver) == [], "the driver must be usable after an iterable that raised"

    @sentence("delete", "Delete objects")
    @pytest.mark.parametrize("made", ["put", "commit", "move"])
    def test_deleted_objects_are_gone_for_every_verb(self, driver: StorageDriver, part: int, made: str) -> None:
        for turn in range(2):
            if made == "commit":
                upload(driver, "a/k", b"x" * (part + 10))
            else:
                driver.put("source" if made == "move" else "a/k", b"object")
            if made == "move":
                driver.move("source", "a/k")
            assert driver.stat("a/k").size
            read_back(driver, "a/k")
            assert listed(driver, shallow=True) == ["a/"]
            driver.delete(["a/k"])
            for call in (driver.stat, driver.read, lambda key: driver.move(key, "b/k")):
                with pytest.raises(NotFound):
                    call("a/k")
            for offset, length in ((1, None), (0, 0), (2, 3)):
                with pytest.raises(NotFound):
                    driver.read("a/k", offset=offset, length=length)
            assert listed(driver) == listed(driver, shallow=True) == listed(driver, "a/") == []
            if driver.capabilities.create and turn:
                driver.put("a/k", b"again", mode=WriteMode.CREATE)
                assert read_back(driver, "a/k") == b"again", "a deleted key must be free again"

    @sentence("delete", "A missing key is not an error.")
    def test_threads_delete_the_same_keys(self, driver: StorageDriver, repeat: Repeat) -> None:
        for turn in range(repeat(15)):
            keys = [f"d/{turn}/{number}" for number in range(8)]
            store(driver, *keys, f"kept/{turn}")

            def work(number: int, keys: list[str] = keys) -> None:
                driver.delete(keys if number % 2 else reversed(keys))

            together(work)
        assert listed(driver, "d/") == []
        assert len(listed(driver, "kept/")) == repeat(15)
