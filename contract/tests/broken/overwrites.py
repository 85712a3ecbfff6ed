"""Drivers whose writers disturb each other."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    AlreadyExists,
    DriverOptions,
    NotFound,
    ObjectInfo,
    Prefix,
    Reader,
    UploadState,
    WriteMode,
)

LARGE = 2**20
OVERWRITE, CREATE = WriteMode.OVERWRITE, WriteMode.CREATE


@caught_by("test_writers_of_one_key_replace_complete_objects[put]")
class LargePutsAreTwoWrites(HonestDriver):
    """Writes a large object in two steps that are both visible."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if len(data) > LARGE:
            super().put(key, data[:LARGE], mode=mode)
            mode = OVERWRITE
        return super().put(key, data, mode=mode)


class Staged(HonestDriver):
    """Writes the two halves of a large body into a stage, one after the other, and then reads it back."""

    def stage_of(self, key: str) -> str:
        """Return the name of the stage for writes to a key."""
        raise NotImplementedError

    def staged(self, key: str, data: bytes) -> bytes:
        stage, half = self.stage_of(key), len(data) // 2
        with self.writing() as link:
            link.execute("CREATE TABLE IF NOT EXISTS stages (name TEXT, half INTEGER, data BLOB)")
        for number, part in enumerate((data[:half], data[half:])):
            with self.writing() as link:
                link.execute("DELETE FROM stages WHERE name = ? AND half = ?", [stage, number])
                link.execute("INSERT INTO stages VALUES (?, ?, ?)", [stage, number, part])
            time.sleep(0.005)
        with self.writing() as link:
            rows = link.execute("SELECT data FROM stages WHERE name = ? ORDER BY half", [stage])
            return b"".join(row[0] for row in rows)


@caught_by("test_writers_of_one_key_replace_complete_objects[put]")
class PutsOfAKeyShareAStage(Staged):
    """Uses one temporary file for all writes of a key."""

    def stage_of(self, key: str) -> str:
        return key

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(key, self.staged(key, data), mode=mode)


@caught_by("test_writers_of_one_key_replace_complete_objects[upload_commit]")
class CommitsOfAKeyShareAStage(Staged):
    """Puts the bytes of all uploads of a key together in one temporary file."""

    def stage_of(self, key: str) -> str:
        return key

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=f"_stage/{json.loads(state.token)['upload']}")
        with self.read(info.key) as reader:
            data = self.staged(state.key, b"".join(reader))
        self.delete([info.key])
        return self.put(target or state.key, data)


@caught_by("test_writers_of_one_key_replace_complete_objects[target]")
class CommitsOfATargetShareAStage(CommitsOfAKeyShareAStage):
    """Puts the bytes of all uploads that are committed to one target together in one temporary file."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return super().upload_commit(UploadState(target or state.key, state.size, state.token), target=target)


@caught_by("test_writers_of_one_key_replace_complete_objects[move]")
class MovesOfATargetShareAStage(Staged):
    """Copies all objects that are moved to one target through one temporary file."""

    def stage_of(self, key: str) -> str:
        return key

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            return super().move(source, target)
        with self.read(source) as reader:
            data = self.staged(target, b"".join(reader))
        self.put(source, data)
        return super().move(source, target)


@caught_by("test_writers_of_one_key_replace_complete_objects[put]")
class ReadsLagBehind(HonestDriver):
    """Reads the object that a write has replaced, for a moment after the write has returned."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.replaced: dict[str, tuple[float, str]] = {}

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with suppress(NotFound), self.read(key) as reader:
            old = super().put(f"_old/{uuid.uuid4().hex}", b"".join(reader)).key
            info = super().put(key, data, mode=mode)
            self.replaced[key] = (time.monotonic() + 0.05, old)
            return info
        return super().put(key, data, mode=mode)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        until, old = self.replaced.get(key, (0.0, key))
        return super().read(old if time.monotonic() < until else key, offset=offset, length=length)


@caught_by("test_many_keys_are_written_at_once[put]")
class WritesOfAMomentShareAStage(Staged):
    """Names its temporary files by the time."""

    def stage_of(self, key: str) -> str:
        return str(int(time.time() * 20))

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(key, self.staged(key, data), mode=mode)


@caught_by("test_many_keys_are_written_at_once")
class KeysAreInAnIndex(HonestDriver):
    """Keeps an index of all keys for listings, which each write reads and replaces."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.keys: list[str] = []

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode)
        keys = list(self.keys)
        time.sleep(0.001)
        self.keys = sorted({*keys, key})
        return info

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if isinstance(item, Prefix) or item.key in self.keys:
                yield item


@caught_by("test_a_large_create_is_never_seen_in_part")
class LargeCreatesReserveTheirKey(HonestDriver):
    """Creates an empty object first, so that no other can create it, and then fills it."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is CREATE and len(data) > LARGE:
            super().put(key, b"", mode=mode)
        return super().put(key, data)


@caught_by("test_a_large_create_is_never_seen_in_part")
class LargeCreatesAreUploads(HonestDriver):
    """Looks whether a large object exists, and uploads it otherwise."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is OVERWRITE or len(data) <= LARGE:
            return super().put(key, data, mode=mode)
        try:
            self.stat(key)
        except NotFound:
            return self.upload_commit(self.upload_append(self.upload_start(key), [data]))
        raise self.fail(AlreadyExists, "put", key)


@caught_by("test_large_creates_of_processes_are_never_seen_in_part")
class LargeCreatesLockTheirProcess(LargeCreatesAreUploads):
    """Makes a large CREATE atomic among the threads of a process only."""

    lock = threading.Lock()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            return super().put(key, data, mode=mode)


@caught_by("test_writers_in_processes_replace_complete_objects[put]")
class LargePutsLockTheirProcess(LargePutsAreTwoWrites):
    """Hides the two steps of a large write from the threads of its process only."""

    lock = threading.RLock()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            return super().put(key, data, mode=mode)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        with self.lock:
            return super().read(key, offset=offset, length=length)


@caught_by("test_processes_write_and_delete_keys_beside_each_other")
class KeysAreInAnIndexOfTheStore(HonestDriver):
    """Keeps an index of all keys in the store, which is only safe for the threads of one process."""

    lock = threading.Lock()
    index = "_index"

    def indexed(self) -> list[str]:
        try:
            with super().read(self.index) as reader:
                keys: list[str] = json.loads(b"".join(reader))
                return keys
        except NotFound:
            return []

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            keys = self.indexed()
            time.sleep(0.002)
            super().put(self.index, json.dumps(sorted({*keys, key})).encode())
            return super().put(key, data, mode=mode)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        keys = self.indexed()
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if isinstance(item, Prefix) or item.key in keys:
                yield item


@caught_by("test_processes_write_and_delete_keys_beside_each_other")
class DeletesOfOthersBreakWrites(HonestDriver):
    """Writes into a folder that a deletion of another process may have removed."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        folder = key.rpartition("/")[0]
        before = self.removed(folder)
        time.sleep(0.005)
        if self.removed(folder) != before:
            raise self.fail(NotFound, "put", key, "the folder is gone")
        return super().put(key, data, mode=mode)

    def removed(self, folder: str) -> int:
        with self.writing() as link:
            link.execute("CREATE TABLE IF NOT EXISTS removals (folder TEXT)")
            (count,) = link.execute("SELECT COUNT(*) FROM removals WHERE folder = ?", [folder]).fetchone()
            return int(count)

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        super().delete(keys)
        for key in keys:
            folder = key.rpartition("/")[0].rpartition("/")[0]
            self.removed(folder)
            with self.writing() as link:
                link.execute("INSERT INTO removals VALUES (?)", [folder])
