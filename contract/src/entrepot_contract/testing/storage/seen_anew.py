"""Tests that a driver sees what other drivers and processes write, move and delete, whatever it has seen before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from entrepot_contract import MAX_PUT_SIZE, NotFound, StorageDriver
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.processes import OtherProcess, ProcessBase, Processes
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import listed, read_back
from entrepot_contract.testing.storage.overwrites import onlook
from entrepot_contract.testing.writing import Change, Versions, change, version

__all__ = ["SeenAnewContract"]

AGED_SECONDS: Final = 2.2
"""How long some objects are left alone: caches may only take what has not changed for a while."""

LARGE: Final = 3 * 2**20
SIZES: Final = {"small": 1, "large": 40_000}
"""The number of repetitions of a content: caches may only take small objects, or only large ones."""

CASES: Final = (
    ("new", "driver", "small"),
    ("new", "process", "small"),
    ("new", "driver", "large"),
    ("aged", "driver", "small"),
    ("aged", "process", "large"),
)

OLD, NEW, LONGER = "old-content;", "new-content;", "a new and longer content;"
THERE: Final = ("same-size", "longer", "committed", "moved-onto", "source", "gone", "again")
MISSING: Final = ("created", "uploaded", "target")


def before(folder: str, times: int) -> dict[str, str]:
    """Return the objects that exist before the changes."""
    return {f"{folder}/{name}/k": OLD * times for name in THERE} | {f"{folder}/from/k": NEW * times}


def changes(folder: str, times: int) -> list[Change]:
    """Return the changes that another driver makes."""
    return [
        ("put", f"{folder}/same-size/k", NEW * times),
        ("put", f"{folder}/longer/k", LONGER * times),
        ("target", f"{folder}/committed/k", NEW * times),
        ("move", f"{folder}/from/k", f"{folder}/moved-onto/k"),
        ("move", f"{folder}/source/k", f"{folder}/target/k"),
        ("delete", f"{folder}/gone/k", ""),
        ("delete", f"{folder}/again/k", ""),
        ("put", f"{folder}/again/k", NEW * times),
        ("put", f"{folder}/created/k", NEW * times),
        ("upload_commit", f"{folder}/uploaded/k", NEW * times),
    ]


def after(folder: str, times: int) -> dict[str, str]:
    """Return the objects that exist after the changes."""
    new = dict.fromkeys(("same-size", "committed", "moved-onto", "again", "created", "uploaded"), NEW)
    texts = {**new, "longer": LONGER, "target": OLD}
    return {f"{folder}/{name}/k": text * times for name, text in texts.items()}


def assert_sees(driver: StorageDriver, folder: str, objects: Mapping[str, str]) -> None:
    """Assert that a driver reads, stats and lists exactly these objects below a folder."""
    names = {f"{folder}/{name}/k" for name in (*THERE, *MISSING, "from")}
    for key in sorted(names | set(objects)):
        where = f"of {key}, which another driver has changed"
        if key not in objects:
            for look in (driver.stat, driver.read):
                with pytest.raises(NotFound):
                    look(key)
            assert listed(driver, key.removesuffix("k")) == [], f"a stale listing {where}"
            continue
        data = objects[key].encode()
        assert read_back(driver, key) == data, f"a stale read {where}"
        assert read_back(driver, key, offset=4, length=6) == data[4:10], f"a stale read of a range {where}"
        assert driver.stat(key).size == len(data), f"a stale stat {where}"
    assert listed(driver, f"{folder}/") == sorted(objects), "a stale listing of a folder"
    shallow = sorted(key.removesuffix("k") for key in objects)
    assert listed(driver, f"{folder}/", shallow=True) == shallow, "a stale shallow listing of a folder"


class SeenAnewContract(ContractBase, ProcessBase):
    """Tests with other drivers and processes, for drivers with the capability ``shared``."""

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @sentence("StorageDriver", "each of them sees a write, a move and a deletion at once,")
    @sentence("StorageDriver", "whatever it has read, listed or not found before.")
    @needs("shared")
    def test_changes_by_others_are_seen_at_once(
        self, driver: StorageDriver, open_driver: Opener, config: Mapping[str, object], processes: Processes
    ) -> None:
        other, process = open_driver(), processes.open(1, config)[0]
        folders = {f"{age}/{who}/{size}": SIZES[size] for age, who, size in CASES}

        def prepare(folder: str) -> None:
            for key, text in before(folder, folders[folder]).items():
                driver.put(key, text.encode())

        def look(folder: str) -> None:
            assert_sees(driver, folder, before(folder, folders[folder]))

        with ThreadPoolExecutor(4) as pool:
            aged = [folder for folder in folders if folder.startswith("aged")]
            list(pool.map(prepare, folders))
            list(pool.map(look, folders))
            self._change_and_look(driver, other, process, {k: v for k, v in folders.items() if k not in aged}, pool)
            time.sleep(AGED_SECONDS)
            list(pool.map(look, aged))
            self._change_and_look(driver, other, process, {k: folders[k] for k in aged}, pool)

    def _change_and_look(
        self,
        driver: StorageDriver,
        other: StorageDriver,
        process: OtherProcess,
        folders: Mapping[str, int],
        pool: ThreadPoolExecutor,
    ) -> None:
        for folder, times in folders.items():
            if "/driver/" in folder:
                change(other, changes(folder, times))
            else:
                assert process.call("change", changes=changes(folder, times)) is None
        list(pool.map(lambda folder: assert_sees(driver, folder, after(folder, folders[folder])), folders))

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @needs("shared")
    @pytest.mark.parametrize("verb", ["put", "upload_commit", "target", "move"])
    def test_writers_in_processes_replace_complete_objects(
        self,
        driver: StorageDriver,
        config: Mapping[str, object],
        processes: Processes,
        repeat: Repeat,
        verb: str,
    ) -> None:
        turns, versions = repeat(18), Versions()
        driver.put("a/k", version("A", 0, LARGE))
        writers = dict(zip("AB", processes.open(2, config), strict=True))
        at = time.time() + 0.05
        for name, writer in writers.items():
            writer.send("overwrite", key="a/k", verb=verb, name=name, turns=turns, size=LARGE, at=at)

        def follow(name: str) -> None:
            for turn in range(1, turns + 1):
                assert writers[name].answer() == turn
                versions.ended(name, turn)
            assert writers[name].answer() == "ended"

        with ThreadPoolExecutor(4) as pool:
            following = [pool.submit(follow, name) for name in writers]

            def look(_: int) -> None:
                seen = Versions()
                while not all(one.done() for one in following):
                    versions.check(driver, "a/k", seen, may_be_absent=verb == "move")

            list(pool.map(look, range(2)))
            for one in following:
                one.result()
        last = versions.check(driver, "a/k", Versions())
        assert last in {("A", turns), ("B", turns)}, f"after all writes, the object is version {last}, not the last one"
        assert listed(driver) == ["a/k"]

    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @needs("shared")
    def test_processes_write_and_delete_keys_beside_each_other(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes
    ) -> None:
        others = dict(zip("ABC", processes.open(3, config), strict=True))
        for name, other in others.items():
            plan: list[Change] = []
            for number in range(12):
                folder = f"p/{number}/deep"
                plan += [
                    ("put", f"{folder}/{name}", f"{name}{number}"),
                    ("upload_commit", f"{folder}/gone/{name}", name),
                    ("move", f"{folder}/gone/{name}", f"{folder}/moved/{name}"),
                    ("delete", f"{folder}/moved/{name}", ""),
                ]
            other.send("change", changes=plan)
        for other in others.values():
            answer = other.answer()
            assert answer is None, f"a process that wrote keys of its own beside others raised {answer}"
        keys = sorted(f"p/{number}/deep/{name}" for number in range(12) for name in others)
        assert listed(driver) == keys, "of keys that processes wrote and deleted, some were lost or are left"
        for key in keys:
            _, turn, _, name = key.split("/")
            assert read_back(driver, key) == f"{name}{turn}".encode(), f"{key} has the bytes of another key"

    @sentence("put", "Of any number of concurrent CREATEs, exactly one succeeds.")
    @sentence("StorageDriver", "With the capability ``shared``, this also holds for other drivers and processes:")
    @needs("shared")
    @needs("create")
    def test_large_creates_of_processes_are_never_seen_in_part(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, repeat: Repeat
    ) -> None:
        others = dict(zip("ABC", processes.open(3, config), strict=True))
        for turn in range(repeat(4)):
            key, at = f"c/{turn}/k", time.time() + 0.05
            for name, other in others.items():
                text = version(name, 1, MAX_PUT_SIZE)[:16].decode()
                other.send("create", keys=[key], text=text, at=at, times=MAX_PUT_SIZE // len(text))
            with ThreadPoolExecutor(1) as pool:
                answers = pool.submit(lambda: {name: other.answer() for name, other in others.items()})
                there = False
                while not answers.done():
                    there = onlook(driver, key, f"c/{turn}/", there)
                won = [name for name, answer in answers.result().items() if answer == [key]]
            assert len(won) == 1, f"{len(won)} of three concurrent CREATEs of 16 MiB succeeded"
            assert read_back(driver, key) == version(won[0], 1, MAX_PUT_SIZE)
            driver.delete([key])
