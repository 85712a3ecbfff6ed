"""Drivers that lose their way among the states of an upload."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator

from contract.tests.broken.register import caught_by
from contract.tests.broken.uploads import NeverDrops
from contract.tests.honest import HonestDriver

from entrepot_contract import DriverOptions, NotFound, ObjectInfo, Prefix, UploadConflict, UploadState, WriteMode


@caught_by("test_descendants_of_an_overtaken_state_are_overtaken")
class OnlyForksConflict(NeverDrops):
    """Knows that the state beside an append was overtaken, but not those that were appended to it."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.children: dict[str, list[str]] = {}

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        self.children.setdefault(state.token, []).append(new.token)
        return new

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        for forks in self.children.values():
            if state.token in forks[:-1]:
                raise self.fail(UploadConflict, operation, state.key)
        return super().find(link, state, operation)


@caught_by("test_descendants_of_an_overtaken_state_are_overtaken")
class SizesTellStatesApart(NeverDrops):
    """Takes a state for valid if the upload has at least as many bytes."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        token = json.loads(new.token)
        with self.writing() as link:
            query = "DELETE FROM steps WHERE upload = ? AND serial > ? AND serial < ?"
            link.execute(query, [token["upload"], json.loads(state.token)["serial"], token["serial"]])
        return new

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        token = json.loads(state.token)
        upload, _ = super().find(
            link, UploadState(state.key, 0, self.state("", 0, token["upload"], 0).token), operation
        )
        total = 0
        query = "SELECT serial, LENGTH(data) FROM steps WHERE upload = ? ORDER BY serial"
        for serial, size in link.execute(query, [upload]):
            total += size
            if total >= state.size:
                return upload, serial if state.size else 0
        if total < state.size:
            raise self.fail(UploadConflict, operation, state.key)
        return upload, 0


@caught_by("test_only_the_last_of_several_forks_can_be_committed")
class TheFirstForkWinsAtTheEnd(NeverDrops):
    """Forgets that a state was overtaken when a third append was made from the same one."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.overtaken: dict[str, str] = {}
        self.last: dict[str, str] = {}

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        if state.token in self.last:
            self.overtaken[state.token] = self.last[state.token]
        self.last[state.token] = new.token
        return new

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        if state.token in self.overtaken.values():
            raise self.fail(UploadConflict, operation, state.key)
        return super().find(link, state, operation)


@caught_by("test_an_upload_returns_to_older_states")
class ReturnsDropOneAppend(HonestDriver):
    """Discards one append when it returns to an older state, however many came after that."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            upload, serial = self.find(link, state, "upload_append")
            first = "SELECT MIN(serial) FROM steps WHERE upload = ? AND serial > ?"
            link.execute(f"DELETE FROM steps WHERE serial = ({first})", [upload, serial])  # noqa: S608 - no input
            new = link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data]).lastrowid
        return self.state(state.key, state.size + len(data), upload, new or 0)


@caught_by("test_an_older_state_is_committed_without_later_bytes")
class OlderStatesCommitWholeParts(HonestDriver):
    """Cuts the bytes of an older state at the next append, not at its size, if it is large."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        upload, serial = super().find(link, state, operation)
        return upload, serial + (operation == "upload_commit" and state.size > self.capabilities.part_size_hint)


@caught_by("test_one_key_is_written_moved_and_deleted_at_once")
class StatLooksTwice(HonestDriver):
    """Looks whether an object exists, and then reads its size, which fails if it was deleted meanwhile."""

    def stat(self, key: str) -> ObjectInfo:
        super().stat(key)
        time.sleep(0.002)
        try:
            return super().stat(key)
        except NotFound as error:
            raise FileExistsError(key) from error


@caught_by("test_one_key_is_written_moved_and_deleted_at_once")
class ListingsStatEachKey(HonestDriver):
    """Reads the size of each key after it has listed the names, and raises if one was deleted meanwhile."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in list(super().list_objects(prefix, start_after=start_after, shallow=shallow)):
            time.sleep(0.002)
            yield item if isinstance(item, Prefix) else self.stat(item.key)


@caught_by("test_one_key_is_written_moved_and_deleted_at_once")
class OverwritesReplaceWhatTheySaw(HonestDriver):
    """Raises from an overwrite if the object was deleted since it looked."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if self.there(key):
            time.sleep(0.004)
            if not self.there(key):
                raise self.fail(NotFound, "put", key)
        return super().put(key, data, mode=mode, durable=durable)

    def there(self, key: str) -> bool:
        try:
            self.stat(key)
        except NotFound:
            return False
        return True


@caught_by("test_one_key_is_written_moved_and_deleted_at_once")
class DeletesRaiseWhenTheyLose(HonestDriver):
    """Raises NotFound from a deletion if another call has removed the object since it looked."""

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        found = []
        for key in keys:
            try:
                found.append(self.stat(key).key)
            except NotFound:
                continue
        time.sleep(0.02)
        for key in found:
            self.stat(key)
        super().delete(keys)
