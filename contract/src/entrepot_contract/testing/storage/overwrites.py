"""Tests of threads that write the same and different keys beside each other, with large bodies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final

import pytest

from entrepot_contract import (
    MAX_PUT_SIZE,
    AlreadyExists,
    Capabilities,
    NotFound,
    ObjectInfo,
    StorageDriver,
    StorageError,
    WriteMode,
)
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import listed, read_back
from entrepot_contract.testing.threads import together
from entrepot_contract.testing.writing import WRITE_VERBS, Versions, version, whole_version, write

__all__ = ["OverwriteContract", "onlook"]

LARGE: Final = 3 * 2**20
OVERWRITE: Final = WriteMode.OVERWRITE


class OverwriteContract(ContractBase):
    """Tests of writers in threads beside each other."""

    @sentence("StorageDriver", "Any number of threads may write one key with ``put``, ``upload_commit`` and ``move``:")
    @sentence("StorageDriver", "a read returns one complete object,")
    @sentence("StorageDriver", "and never one that was already replaced when the read began.")
    @pytest.mark.parametrize("verb", [*WRITE_VERBS, "mixed"])
    def test_writers_of_one_key_replace_complete_objects(
        self, driver: StorageDriver, repeat: Repeat, verb: str
    ) -> None:
        turns, done = repeat(12), threading.Event()
        writers = {"A": verb, "B": verb} if verb != "mixed" else {"A": "put", "B": "upload_commit"}
        versions = Versions()
        driver.put("a/k", version("A", 0, LARGE))

        def work(thread: int) -> None:
            if thread >= len(writers):
                seen = Versions()
                while not done.is_set():
                    versions.check(driver, "a/k", seen, may_be_absent=verb == "move")
                return
            name = "AB"[thread]
            try:
                for turn in range(1, turns + 1):
                    write(driver, writers[name], "a/k", version(name, turn, LARGE - 1000 * turn))
                    versions.ended(name, turn)
            finally:
                ended.wait(timeout=600)
                done.set()

        ended = threading.Barrier(len(writers))
        together(work)
        last = versions.check(driver, "a/k", Versions())
        assert last in {("A", turns), ("B", turns)}, f"after all writes, the object is version {last}, not the last one"
        assert listed(driver) == ["a/k"]
        assert driver.stat("a/k").size == LARGE - 1000 * turns

    @sentence("StorageDriver", "a read returns one complete object,")
    @sentence("storage", "Drivers are synchronous and thread-safe.")
    @pytest.mark.parametrize("verb", WRITE_VERBS)
    def test_many_keys_are_written_at_once(self, driver: StorageDriver, repeat: Repeat, verb: str) -> None:
        names, turns = "ABCD", repeat(36)
        sizes = [100, 70_001, 10, 300_000, 0, 5_000]

        def work(thread: int) -> None:
            for turn in range(turns):
                size = sizes[turn % len(sizes)] if turn else LARGE
                write(driver, verb, f"k/{turn:03}/{names[thread]}", version(names[thread], turn, size))

        together(work)
        keys = [f"k/{turn:03}/{name}" for turn in range(turns) for name in names]
        assert listed(driver) == keys, "of keys that were written by threads, some were lost"

        def look(thread: int) -> None:
            for turn in range(turns):
                size = sizes[turn % len(sizes)] if turn else LARGE
                key = f"k/{turn:03}/{names[thread]}"
                with driver.read(key) as reader:
                    found = b"".join(reader)
                assert found == version(names[thread], turn, size), f"{key} has the bytes of another key"
                assert driver.stat(key).size == size

        together(look)

    @sentence("StorageDriver", "a read returns one complete object,")
    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_one_key_is_written_moved_and_deleted_at_once(
        self, driver: StorageDriver, repeat: Repeat, claims: Capabilities
    ) -> None:
        size, keys = 100_000, ("a/b/k", "a/b/m")

        def write_it(verb: str) -> Callable[[str, int], None]:
            return lambda name, turn: write(driver, verb, keys[0], version(name, turn, size))

        def create(name: str, turn: int) -> None:
            with suppress(AlreadyExists):
                driver.put(keys[0], version(name, turn, size), mode=WriteMode.CREATE if claims.create else OVERWRITE)

        def delete(_name: str, _turn: int) -> None:
            with retryable():
                driver.delete([*keys, "a/b/missing"])

        def move_away(_name: str, _turn: int) -> None:
            with suppress(NotFound), retryable():
                driver.move(*keys)

        def look(_name: str, _turn: int) -> None:
            for key in keys:
                with suppress(NotFound):
                    assert driver.stat(key).size == size, "an object was seen with a wrong size"
                with suppress(NotFound), driver.read(key) as reader:
                    found = b"".join(reader)
                    assert whole_version(found), f"a read returned {len(found)} bytes of no complete version"
            assert set(listed(driver, "a/")) <= set(keys), "a listing beside writers has other keys"

        calls = [write_it("put"), look, delete, write_it("upload_commit"), look, move_away]
        calls += [create, look, write_it("target"), delete, write_it("move"), look]

        def work(thread: int) -> None:
            for turn in range(repeat(120)):
                calls[(turn + 3 * thread) % len(calls)]("ABCD"[thread], turn)

        together(work)
        driver.put("a/b/k", b"last")
        assert read_back(driver, "a/b/k") == b"last"
        driver.delete(["a/b/k", "a/b/m"])
        assert listed(driver) == [], "objects are left that were deleted"

    @sentence("put", "Of any number of concurrent CREATEs, exactly one succeeds.")
    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    @needs("create")
    def test_a_large_create_is_never_seen_in_part(self, driver: StorageDriver, repeat: Repeat) -> None:
        for turn in range(repeat(6)):
            key, prefix, done = f"c/{turn}/k", f"c/{turn}/", threading.Event()

            def look(key: str = key, prefix: str = prefix, done: threading.Event = done) -> None:
                there = False
                while not done.is_set():
                    there = onlook(driver, key, prefix, there)

            def create(thread: int, key: str = key) -> str | None:
                try:
                    driver.put(key, version("ABCD"[thread], 1, MAX_PUT_SIZE), mode=WriteMode.CREATE)
                except AlreadyExists:
                    return None
                return "ABCD"[thread]

            with ThreadPoolExecutor(2) as onlookers:
                looking = [onlookers.submit(look) for _ in range(2)]
                try:
                    won = [name for name in together(create) if name is not None]
                finally:
                    done.set()
                for one in looking:
                    one.result()
            assert len(won) == 1, f"{len(won)} of four concurrent CREATEs of 16 MiB succeeded"
            with driver.read(key) as reader:
                assert whole_version(b"".join(reader)) == (won[0], 1), "the object is not that of the CREATE that won"
            driver.delete([key])


def onlook(driver: StorageDriver, key: str, prefix: str, there: bool) -> bool:
    """Check that the object is complete, or not there; return whether it is there."""
    sizes = [item.size for item in driver.list_objects(prefix) if isinstance(item, ObjectInfo)]
    assert sizes in ([], [MAX_PUT_SIZE]), f"a CREATE of {MAX_PUT_SIZE} bytes was listed with {sizes}"
    assert sizes or not there, "a created object is no longer listed"
    try:
        size = driver.stat(key).size
        with driver.read(key) as reader:
            found = b"".join(reader)
    except NotFound:
        assert not sizes, "a created object is listed, and cannot be read"
        return False
    assert size == MAX_PUT_SIZE, f"a CREATE of {MAX_PUT_SIZE} bytes was seen with a size of {size}"
    assert whole_version(found), "a reader has seen a part of an object that is being created"
    return True


@contextmanager
def retryable() -> Iterator[None]:
    """Suppress a retryable error: a backend may refuse to delete or move what is being replaced at this moment."""
    try:
        yield
    except StorageError as error:
        if not error.retryable:
            raise
