"""Tests of the descriptions of an object: the same from every verb, with etags and times that can be relied on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from entrepot_contract import Capabilities, ObjectInfo, Prefix, StorageDriver, WriteMode
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, pieces, upload

__all__ = ["DescribedContract"]

LATITUDE = timedelta(minutes=15)
"""How far the clock of a backend may be off: by minutes, but not by a time zone."""
SECONDS = timedelta(seconds=2)
APART = 2.2
"""Seconds between two writes whose times must differ, also if they are whole seconds."""


def appended(driver: StorageDriver, key: str, *parts: bytes) -> ObjectInfo:
    """Upload an object with one append for each part."""
    state = driver.upload_start(key)
    for each in parts:
        state = driver.upload_append(state, pieces(each, 1_000_000))
    return driver.upload_commit(state)


def alike(one: ObjectInfo | Prefix, other: ObjectInfo, names: str, seconds: timedelta) -> None:
    """Assert that two verbs describe an object alike, as far as both know it."""
    assert isinstance(one, ObjectInfo), f"{names} report different types"
    assert (one.key, one.size) == (other.key, other.size), f"{names} report different keys or sizes"
    assert one.etag in {None, other.etag}, f"{names} report different etags"
    assert abs(one.modified - other.modified) < seconds, f"{names} report different times"


class DescribedContract(ContractBase, ProcessBase):
    """Tests of the infos that all verbs return."""

    @sentence("ObjectInfo", "``stat`` and ``list_objects`` describe an object alike, and so do the other verbs")
    @sentence("ObjectInfo", "Times agree within two seconds")
    @pytest.mark.parametrize("size", [0, 10, None], ids=["empty", "small", "large"])
    def test_every_verb_describes_an_object_alike(
        self, driver: StorageDriver, claims: Capabilities, part: int, size: int | None
    ) -> None:
        data = body(part + 1 if size is None else size)
        mode = WriteMode.CREATE if claims.create else WriteMode.OVERWRITE
        reported = {
            "put": driver.put("a/put", data, mode=mode),
            "put again": driver.put("a/put", data[:-1] + data[-1:]),
            "commit": upload(driver, "a/commit", data),
            "commit with a target": upload(driver, "a/other", data, target="a/target"),
        }
        driver.put("source", data)
        upload(driver, "large", data)
        reported["move"] = driver.move("source", "a/moved")
        reported["move of an upload"] = driver.move("large", "a/large")
        del reported["put"]
        listed = {item.key: item for item in driver.list_objects("a/")}
        shallow = {item.key: item for item in driver.list_objects("a/", shallow=True)}
        assert len(listed) == len(shallow) == len(reported)
        for verb, info in reported.items():
            stat = driver.stat(info.key)
            assert stat.size == len(data)
            with driver.read(info.key) as reader:
                others = {"list_objects": listed[info.key], "a shallow listing": shallow[info.key], "read": reader.info}
            for name, other in {verb: info, **others}.items():
                alike(other, stat, f"of {verb}: {name} and stat", LATITUDE if name == verb else SECONDS)
                if name in {"list_objects", "a shallow listing"}:
                    assert type(other) is ObjectInfo
                    assert other.etag == stat.etag, f"of {verb}: {name} and stat report different etags"

    @sentence("stat", "The etag changes whenever the content changes, or is None.")
    @sentence("ObjectInfo", "It never comes back with other content")
    def test_etags_never_come_back_with_other_content(self, driver: StorageDriver, claims: Capabilities) -> None:
        seen: dict[str, bytes] = {}
        mode = WriteMode.CREATE if claims.create else WriteMode.OVERWRITE

        def write(turn: int, data: bytes) -> Iterator[ObjectInfo]:
            if turn % 5 == 1:
                yield upload(driver, "a/k", data)
            elif turn % 5 == 2:
                driver.put("a/other", data)
                yield driver.move("a/other", "a/k")
            elif turn % 5 == 3:
                driver.delete(["a/k"])
                yield driver.put("a/k", data, mode=mode)
            elif turn % 5 == 4:
                driver.move("a/k", "a/old")
                yield driver.put("a/k", data)
            else:
                yield driver.put("a/k", data)
            yield driver.stat("a/k")

        for turn in range(60):
            data = b"%04d" % (turn if turn % 4 else 0) * 250
            for info in write(turn, data):
                assert info.etag != "", "an etag is None or not empty"
                if info.etag is not None:
                    assert seen.setdefault(info.etag, data) == data, "an etag came back with other content"

    @sentence("ObjectInfo", "and depends on all of it.")
    @pytest.mark.parametrize("made", ["put", "commit"])
    def test_etags_depend_on_the_whole_content(self, driver: StorageDriver, part: int, made: str) -> None:
        size = 300_000 if made == "put" else 2 * part + 3
        base = body(size)
        contents = [base]
        for place in (0, 100, size // 3, size // 2, size - 5, size - 1):
            changed = bytearray(base)
            changed[place] ^= 1
            contents.append(bytes(changed))
        etags = []
        for number, data in enumerate(contents):
            info = driver.put("k", data) if made == "put" else appended(driver, "k", data[: part + 1], data[part + 1 :])
            stat = driver.stat("k")
            alike(info, stat, f"version {number}: {made} and stat", LATITUDE)
            etags += [] if stat.etag is None else [stat.etag]
        assert len(set(etags)) == len(etags), "objects that differ in one byte have the same etag"

    @sentence("ObjectInfo", "``modified`` is timezone-aware and in UTC.")
    @sentence("ObjectInfo", "It is when the object was written, or moved at the latest, and never goes backwards")
    def test_times_never_go_backwards(self, driver: StorageDriver) -> None:
        began = datetime.now(UTC)
        last = began - LATITUDE
        for turn in range(12):
            if turn % 3 == 1:
                upload(driver, "k", b"%d" % turn)
            elif turn % 3 == 2:
                driver.put("source", b"%d" % turn)
                driver.move("source", "k")
            else:
                driver.put("k", b"%d" % turn)
            info = driver.stat("k")
            assert info.modified.utcoffset() == timedelta(0)
            assert info.modified >= last, f"the time of write {turn} is before that of the write before it"
            last = info.modified
        assert last < datetime.now(UTC) + LATITUDE, "the time of an object is in the future"

    @sentence("ObjectInfo", "``stat`` and ``list_objects`` describe an object alike, and so do the other verbs")
    @sentence("ObjectInfo", "It is when the object was written, or moved at the latest, and never goes backwards")
    def test_times_are_those_of_the_last_write(self, driver: StorageDriver) -> None:
        keys = ["t/put", "t/same", "t/commit", "t/again", "t/kept"]
        for key in keys:
            driver.put(key, b"old content")
        before = {key: driver.stat(key) for key in keys}
        assert len(list(driver.list_objects("t/"))) == len(keys)
        time.sleep(APART)
        driver.put("t/put", b"new content")
        driver.put("t/same", b"old content")
        upload(driver, "t/commit", b"new content")
        driver.delete(["t/again"])
        driver.put("t/again", b"old content")
        listed = {item.key: item for item in driver.list_objects("t/")}
        for key in keys:
            stat = driver.stat(key)
            with driver.read(key) as reader:
                alike(reader.info, stat, f"{key}: read and stat", SECONDS)
            alike(listed[key], stat, f"{key}: list_objects and stat", SECONDS)
            if key == "t/kept":
                assert stat == before[key], "an object that was not written to is described differently"
            else:
                assert stat.modified > before[key].modified, f"{key} was written again, and has the time of before"

    @sentence("ObjectInfo", "``modified`` is timezone-aware and in UTC.")
    @pytest.mark.parametrize("zone", ["XST-9", "XST+8"])
    def test_times_do_not_depend_on_the_time_zone(
        self, config: Mapping[str, object], processes: Processes, zone: str
    ) -> None:
        reported = processes.start().call("describe", config=config, zone=zone, key="zone/k")
        assert isinstance(reported, dict), reported
        for verb, text in reported.items():
            time = datetime.fromisoformat(text)
            assert time.utcoffset() == timedelta(0), f"{verb} returns a time that is not in UTC where TZ={zone}"
            assert abs(datetime.now(UTC) - time) < LATITUDE, f"{verb} returns a time that is wrong where TZ={zone}"
