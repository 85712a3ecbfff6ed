"""Tests of ``move`` onto other objects, back and forth, and in races."""

from __future__ import annotations

import pytest

from entrepot_contract import NotFound, StorageDriver, Unavailable, WriteMode
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back, store, upload
from entrepot_contract.testing.threads import together

__all__ = ["MovingContract"]

RACE = (
    "Of several moves of one object at the same time, at least one succeeds; each other one raises NotFound or "
    "Unavailable, or leaves a complete target as well."
)
REPLACES = "On return the target is complete, replacing any existing object, and the source is gone."


class MovingContract(ContractBase):
    """Tests of moves beside other objects."""

    @sentence("move", REPLACES)
    @pytest.mark.parametrize("size", [0, 7, None], ids=["empty", "small", "large"])
    def test_move_replaces_targets_of_any_size(self, driver: StorageDriver, part: int, size: int | None) -> None:
        data = body(2 * part + 17 if size is None else size, seed=1)
        for number, old in enumerate((0, 7, 1000, part + 5)):
            upload(driver, "a/source", data)
            driver.put("a/sourcf", b"beside")
            upload(driver, "b/target", body(old, seed=2))
            info = driver.move("a/source", "b/target")
            assert (info.key, info.size) == ("b/target", len(data)), "move must describe the target"
            assert driver.stat("b/target").size == len(data), f"the target had {old} bytes before"
            assert read_back(driver, "b/target") == data, f"the target had {old} bytes before"
            assert read_back(driver, "b/target", offset=len(data) // 2, length=3) == data[len(data) // 2 :][:3]
            with pytest.raises(NotFound):
                driver.read("a/source")
            with pytest.raises(NotFound):
                driver.move("a/source", f"c/{number}")
            assert read_back(driver, "b/target") == data, "a move of a missing source must not touch the last target"
            assert listed(driver) == ["a/sourcf", "b/target"]
            assert listed(driver, shallow=True) == ["a/", "b/"]

    @sentence("move", REPLACES)
    def test_move_goes_back_and_forth(self, driver: StorageDriver, part: int) -> None:
        data = body(part + 3)
        upload(driver, "a/b/k", data)
        store(driver, "a/b/l")
        for _ in range(3):
            assert driver.move("a/b/k", "c/k").size == len(data)
            assert listed(driver) == ["a/b/l", "c/k"]
            assert driver.move("c/k", "a/b/k").size == len(data)
            assert listed(driver) == ["a/b/k", "a/b/l"]
            assert read_back(driver, "a/b/k") == data

    @sentence("move", REPLACES)
    def test_moved_objects_are_independent_of_their_source(self, driver: StorageDriver, part: int) -> None:
        data = body(part + 3)
        upload(driver, "a/k", data)
        driver.move("a/k", "b/k")
        mode = WriteMode.CREATE if driver.capabilities.create else WriteMode.OVERWRITE
        driver.put("a/k", b"new", mode=mode)
        assert read_back(driver, "b/k") == data, "writing the key of the source changed the moved object"
        driver.move("b/k", "c/k")
        driver.delete(["a/k", "b/k"])
        assert read_back(driver, "c/k") == data, "deleting the key of the source deleted the moved object"
        driver.put("a/k", b"another")
        driver.delete(["c/k"])
        assert read_back(driver, "a/k") == b"another", "deleting the moved object deleted another one"

    @sentence("move", RACE)
    def test_threads_move_one_source_to_several_targets(self, driver: StorageDriver, repeat: Repeat) -> None:
        for turn in range(repeat(30)):
            data = body(100_000, seed=turn)
            driver.put(f"a/{turn}", data)

            def work(number: int, turn: int = turn) -> str | None:
                try:
                    return driver.move(f"a/{turn}", f"b/{turn}/{number}").key
                except (NotFound, Unavailable):
                    return None

            moved = [key for key in together(work) if key is not None]
            assert moved, "every one of several moves of an object failed"
            there = listed(driver, f"b/{turn}/")
            assert set(moved) <= set(there), "a move returned, but its target is not there"
            for key in there:
                assert read_back(driver, key) == data, "a target of several moves is not complete"
            assert f"a/{turn}" not in listed(driver, "a/"), "the source is still there after several moves"

    @sentence("move", REPLACES)
    def test_threads_move_several_sources_to_one_target(self, driver: StorageDriver, repeat: Repeat) -> None:
        for turn in range(repeat(30)):
            versions = [body(50_000 + 1000 * number, seed=number) for number in range(4)]
            for number, data in enumerate(versions):
                driver.put(f"a/{turn}/{number}", data)

            def work(number: int, turn: int = turn) -> None:
                driver.move(f"a/{turn}/{number}", f"b/{turn}")

            together(work)
            found = read_back(driver, f"b/{turn}")
            assert found in versions, "a target of several moves is none of the sources"
            assert driver.stat(f"b/{turn}").size == len(found.data)
            assert listed(driver, f"a/{turn}/") == [], "a source is still there after its move has returned"
