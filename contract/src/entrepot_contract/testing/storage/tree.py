"""Tests of keys beside each other: below objects, onto prefixes, and easily mistaken for each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from entrepot_contract import NotFound, StorageDriver, StorageError, WriteMode
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import for_each, listed, read_back, store, upload

__all__ = ["ALIKE", "TreeContract"]

Write = Callable[[StorageDriver, str, bytes], object]


def moved(driver: StorageDriver, key: str, data: bytes) -> None:
    """Put an object elsewhere, and move it; if that is refused, the source must be intact."""
    driver.put("source", data)
    try:
        driver.move("source", key)
    except StorageError:
        assert "source" in listed(driver), "a move that was refused must leave the source"
        assert read_back(driver, "source") == data
        driver.delete(["source"])
        raise


def committed(driver: StorageDriver, key: str, data: bytes) -> None:
    """Commit an upload at a key; if that is refused, it must be possible to commit it elsewhere."""
    state = driver.upload_append(driver.upload_start("upload"), [data])
    try:
        driver.upload_commit(state, target=key)
    except StorageError:
        try:
            driver.upload_commit(state, target="elsewhere")
        except StorageError as error:
            pytest.fail(f"a commit that was refused must leave the upload, but then it raised {error!r}")
        assert read_back(driver, "elsewhere") == data
        driver.delete(["elsewhere"])
        raise


WRITES: Mapping[str, Write] = {
    "put": lambda driver, key, data: driver.put(key, data),
    "create": lambda driver, key, data: driver.put(key, data, mode=WriteMode.CREATE),
    "commit": committed,
    "own-commit": lambda driver, key, data: upload(driver, key, data),
    "move": moved,
}

ALIKE = (
    *("a/b/c", "a/b-c", "a/b.c", "a/b_c", "a/bc", "a/b--c", "a/b..c", "a/b__c", "a/b-", "a/b.", "a/b_", "a/bb"),
    *("a-b/c", "a.b/c", "a_b/c", "a__b/c", "ab/c", "axb/c", "a-b-c", "a.b.c", "a_b_c", "abc", "aXb/c", "a2Fb2Fc"),
    *("A/b/c", "a/B/c", "a/b/C", "A/B/C", "ABC", "Abc", "aB/c", "a/_", "a/_b", "a/__", "_/a", "___/a", "_a", "__"),
    *("a/b/c.tmp", "a/b/c.part", "a/b/c.lock", "a/b/c.json", "a/b/c.meta", "a/b/c.info", "a/b/c-1", "a/b/c.1"),
    *("a/b/_c", "a/b/c_", "a/b/c.", "a/b/c..", "a/b/c-", "0", "00", "1", "01", "1.0", "1e0", "True", "None", "null"),
    *("a/index", "a/b/index.html", "uploads/x", "_uploads/x", "staged", "objects/x", "data", "con", "aux.txt"),
)
"""Keys that a driver confuses that folds the case, replaces separators, or treats characters as patterns."""


class TreeContract(ContractBase):
    """Tests of writes that touch the same branch of the tree of keys."""

    @sentence("Key", "Writing a key that would break this is refused or done, and changes no other object.")
    @pytest.mark.parametrize("write", WRITES)
    def test_writing_onto_a_prefix_changes_nothing_else(
        self, driver: StorageDriver, request: pytest.FixtureRequest, write: str
    ) -> None:
        self.check_writes(driver, request, write, ["a/b", "a", "a/b/d"], ["a/b/c", "a/b/d/e", "a/bb", "b"])

    @sentence("Key", "Writing a key that would break this is refused or done, and changes no other object.")
    @pytest.mark.parametrize("write", WRITES)
    def test_writing_below_an_object_changes_nothing_else(
        self, driver: StorageDriver, request: pytest.FixtureRequest, write: str
    ) -> None:
        self.check_writes(driver, request, write, ["a/b/c", "a/b/c/d", "b/x"], ["a/b", "a/bb", "b"])

    def check_writes(
        self, driver: StorageDriver, request: pytest.FixtureRequest, write: str, targets: list[str], there: list[str]
    ) -> None:
        """Write each target in turn where the keys ``there`` exist."""
        if write == "create" and not driver.capabilities.create:
            stop(request, "not-claimed", "create")
        for target in targets:
            self.check_write(driver, write, target, there)

    def check_write(self, driver: StorageDriver, write: str, target: str, there: list[str]) -> None:
        """Write ``target`` where the keys ``there`` exist, and compare all keys with what must be there then."""
        store(driver, *there)
        before = [driver.stat(key) for key in there]
        refused: StorageError | None = None
        try:
            WRITES[write](driver, target, b"new object")
        except StorageError as error:
            refused = error
        if refused is not None:
            assert refused.key in {target, "source", "upload"}, f"the error names {refused.key!r}"
            assert not isinstance(refused, NotFound), f"a write that is refused must not raise {refused!r}"
            assert not refused.retryable, f"a write that is refused can never succeed, but {refused!r} is retryable"
            with pytest.raises(NotFound):
                driver.stat(target)
            with pytest.raises(NotFound):
                driver.read(target)
            assert set(listed(driver)) == set(there), "a write that was refused must change nothing"
        else:
            assert read_back(driver, target) == b"new object"
            assert driver.stat(target).size == 10
            assert set(listed(driver)) == {*there, target}, "a write must change no other object"
        assert [driver.stat(key) for key in there] == before, "a write must change no other object"
        for key in there:
            assert read_back(driver, key) == key.encode(), "a write must change no other object"
        driver.delete([target, *there])
        assert listed(driver) == []

    @sentence("Key", "Keys differ if one character differs, in its case too.")
    @pytest.mark.parametrize("write", ["put", "create", "own-commit", "move"])
    def test_keys_that_look_alike_are_different(
        self, driver: StorageDriver, request: pytest.FixtureRequest, write: str
    ) -> None:
        if write == "create" and not driver.capabilities.create:
            stop(request, "not-claimed", "create")

        def make(key: str) -> None:
            if write == "move":
                driver.put(f"from/{ALIKE.index(key)}", key.encode())
                driver.move(f"from/{ALIKE.index(key)}", key)
            else:
                WRITES[write](driver, key, key.encode())

        def check(key: str) -> None:
            assert driver.stat(key).key == key
            assert read_back(driver, key) == key.encode(), f"{key!r} has the content of another key"

        for_each(make, ALIKE)
        assert listed(driver) == sorted(ALIKE), "each key that was written must be listed, under its own name"
        for_each(check, ALIKE)
        for prefix in ("a/", "A/", "a/b/", "a/B/", "a_b/", "a.b/", "a__b/", "_/", "a/b/c/"):
            below = sorted(key for key in ALIKE if key.startswith(prefix))
            assert listed(driver, prefix) == below, f"below {prefix!r} are other keys than those that begin with it"
        gone, kept = ALIKE[::2], ALIKE[1::2]
        driver.delete(gone)
        assert listed(driver) == sorted(kept), "a deletion must take the keys that it names, and no others"
        for_each(check, kept)
        for key in gone[:12]:
            with pytest.raises(NotFound):
                driver.stat(key)
        if write != "put":
            return
        for key in kept[:8]:
            driver.delete([key])
        assert listed(driver) == sorted(kept[8:]), "a deletion must take the key that it names, and no others"
