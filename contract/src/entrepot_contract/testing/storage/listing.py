"""Tests of ``list_objects``: order, prefixes and pages."""

from __future__ import annotations

import pytest

from entrepot_contract import ObjectInfo, Prefix, StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import for_each, listed, store

__all__ = ["ListContract"]

# Neighbours of the slash (0x2f) on both sides: "-" and "." sort before it, digits and letters after.
KEYS = ["x/B", "x/a-b", "x/a.b", "x/a/_/q", "x/a/b", "x/a/b.c", "x/a0", "x/aB/c", "x/a_b", "x/ab", "y", "y-/z"]
SHALLOW = ["x/B", "x/a-b", "x/a.b", "x/a/", "x/a0", "x/aB/", "x/a_b", "x/ab"]


class ListContract(ContractBase):
    """Tests of ``list_objects``."""

    @sentence("list_objects", "Iterate over the objects below a prefix, in byte-lexicographic order of their keys.")
    def test_list_is_in_byte_order_of_whole_keys(self, driver: StorageDriver) -> None:
        keys = sorted(["0", *KEYS])
        store(driver, *reversed(keys))
        assert listed(driver) == keys
        items = list(driver.list_objects())
        assert {type(item) for item in items} == {ObjectInfo}
        assert [item.size for item in items if isinstance(item, ObjectInfo)] == [len(key) for key in keys]

    @sentence("list_objects", "A prefix consists of complete segments: it is empty, or ends with a slash.")
    def test_list_takes_prefixes_of_whole_segments(self, driver: StorageDriver) -> None:
        store(driver, *KEYS, "xx/a")
        assert listed(driver, "x/") == [key for key in sorted(KEYS) if key.startswith("x/")]
        assert listed(driver, "x/a/") == ["x/a/_/q", "x/a/b", "x/a/b.c"]
        assert listed(driver, "x/a/", shallow=True) == ["x/a/_/", "x/a/b", "x/a/b.c"]

    @sentence("list_objects", "``start_after`` is exclusive, and need not exist.")
    @pytest.mark.parametrize("shallow", [False, True])
    @pytest.mark.parametrize("prefix", ["", "x/", "x/a/"])
    def test_list_starts_after_any_key(self, driver: StorageDriver, prefix: str, shallow: bool) -> None:
        store(driver, *KEYS)
        whole = listed(driver, prefix, shallow=shallow)
        for start in ["A", "x", "x/", "x/a", "x/a/", "x/a/c", "x/a.", "x/zz", "xx/y", "zz", *KEYS, *whole]:
            rest = listed(driver, prefix, start_after=start, shallow=shallow)
            assert rest == [key for key in whole if key > start], f"start_after={start!r}"

    @sentence(
        "list_objects",
        "``shallow`` yields one Prefix for all objects below the next slash; it is sorted by its key with the slash.",
    )
    @sentence("Prefix", "All objects below ``key``, which ends with a slash; only from ``list_objects(shallow=True)``.")
    def test_list_shallow_gives_prefixes_in_order(self, driver: StorageDriver) -> None:
        store(driver, *KEYS, "0/z")
        items = list(driver.list_objects("x/", shallow=True))
        assert [item.key for item in items] == SHALLOW
        assert [isinstance(item, Prefix) for item in items] == [key.endswith("/") for key in SHALLOW]
        assert listed(driver, shallow=True) == ["0/", "x/", "y", "y-/"]

    @sentence("list_objects", "A prefix with nothing below it yields nothing.")
    @pytest.mark.parametrize("shallow", [False, True])
    def test_list_of_an_empty_prefix_is_empty(self, driver: StorageDriver, shallow: bool) -> None:
        assert listed(driver, shallow=shallow) == []
        assert listed(driver, "missing/prefix/", shallow=shallow) == []
        store(driver, "a/b/c", "d/e/f", "object")
        assert listed(driver, "a/b/c/", shallow=shallow) == [], "an object is not a prefix"
        assert listed(driver, "object/", shallow=shallow) == []
        driver.delete(["a/b/c"])
        driver.move("d/e/f", "object2")
        assert listed(driver, "a/", shallow=shallow) == []
        assert listed(driver, shallow=shallow) == ["object", "object2"], "an empty prefix is not listed"

    @sentence("list_objects", "Iterate over the objects below a prefix, in byte-lexicographic order of their keys.")
    def test_list_goes_through_many_pages_and_stops_early(self, driver: StorageDriver) -> None:
        keys = [f"p/{number % 50:02}/{number:04}" for number in range(150)] + [f"q/{n:04}" for n in range(1050)]
        for_each(lambda key: driver.put(key, b""), keys)
        keys.sort()
        assert listed(driver) == keys
        assert listed(driver, "q/", shallow=True) == keys[150:]
        assert listed(driver, start_after=keys[1100]) == keys[1101:]
        for _ in range(20):
            items = driver.list_objects("p/")
            assert [next(items).key, next(items).key] == keys[:2]
        driver.delete(iter(keys))
        assert listed(driver) == []

    @sentence("list_objects", "Unfinished uploads and the driver's own working files are never listed.")
    def test_list_never_shows_unfinished_work(self, driver: StorageDriver) -> None:
        first = driver.upload_append(driver.upload_start("a/k"), [b"x" * 100_000])
        second = driver.upload_append(driver.upload_start("a/k"), [])
        assert listed(driver) == listed(driver, shallow=True) == listed(driver, "a/") == []
        driver.upload_commit(first, target="a/done")
        driver.upload_abort(second)
        assert listed(driver) == ["a/done"]
        driver.delete(["a/done"])
        assert listed(driver) == listed(driver, shallow=True) == []
