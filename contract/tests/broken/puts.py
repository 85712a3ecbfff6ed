"""Drivers with a broken ``put``."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    AlreadyExists,
    Denied,
    DriverOptions,
    NotFound,
    ObjectInfo,
    Prefix,
    StorageError,
    WriteMode,
)

CREATE = WriteMode.CREATE
OVERWRITE = WriteMode.OVERWRITE


@caught_by("test_readers_in_threads_see_whole_objects")
class PutTears(HonestDriver):
    """Writes in two steps that are both visible."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        super().put(key, data[: len(data) // 2], mode=mode, durable=durable)
        return super().put(key, data)


@caught_by("test_readers_in_other_processes_see_whole_objects[put]")
class PutDeletesFirst(HonestDriver):
    """Deletes the old object first; a lock hides this from threads of the same process."""

    lock = threading.Lock()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            super().delete([key])
            time.sleep(0.01)
            return super().put(key, data)


@caught_by("test_kill_at_any_moment_leaves_whole_objects")
class PutGrows(HonestDriver):
    """Writes an object in place, slowly."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        super().put(key, data[: len(data) // 2], mode=mode, durable=durable)
        time.sleep(0.1)
        return super().put(key, data)


@caught_by("test_put_replaces_the_whole_object")
class PutKeepsTheTail(HonestDriver):
    """Writes over the start of a longer object and leaves its end."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            with self.read(key) as reader:
                old = b"".join(reader)
        except NotFound:
            old = b""
        return super().put(key, data + old[len(data) :], mode=mode, durable=durable)


@caught_by("test_put_writes_whole_objects_up_to_16_mib")
class PutStopsAt8MiB(HonestDriver):
    """Accepts only half of the required size."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if len(data) > 8 * 2**20:
            raise self.fail(Denied, "put", key)
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_put_is_read_and_listed_at_once")
class PutIsListedLate(HonestDriver):
    """Lists from a cache that is a second old."""

    cache: tuple[float, list[ObjectInfo | Prefix]] = (0.0, [])

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        if time.monotonic() - self.cache[0] > 1:
            self.cache = (time.monotonic(), list(super().list_objects(prefix)))
        return iter(self.cache[1])


@caught_by("test_create_never_touches_an_existing_object")
class CreateOverwrites(HonestDriver):
    """Treats CREATE as OVERWRITE."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(key, data)


@caught_by("test_create_never_touches_an_existing_object")
class CreateTouches(HonestDriver):
    """Rewrites the old object before it raises."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode, durable=durable)
        except AlreadyExists:
            with self.read(key) as reader:
                super().put(key, b"".join(reader))
            raise


@caught_by("test_one_of_many_threads_wins_a_create")
class CreateLooksThenWrites(HonestDriver):
    """Checks that the key is free, and writes a moment later."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            self.stat(key)
        except NotFound:
            time.sleep(0.005)
            return super().put(key, data)
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_one_of_many_processes_wins_a_create")
class CreateLocksItsOwnProcess(CreateLooksThenWrites):
    """Makes CREATE atomic among threads only."""

    lock = threading.Lock()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_create_is_refused_where_it_is_not_claimed", create=False)
class CreateWorksUnclaimed(HonestDriver):
    """Writes with CREATE although it does not claim ``create``."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(key, data)


@caught_by("test_create_sees_objects_made_in_any_way")
class CreateKnowsOnlyPuts(HonestDriver):
    """Remembers keys that were put, and no others."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.known: set[str] = set()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is CREATE and key in self.known:
            raise self.fail(AlreadyExists, "put", key)
        self.known.add(key)
        return super().put(key, data)


@caught_by("test_every_key_of_the_grammar_can_be_used")
class KeysLoseTheirCase(HonestDriver):
    """Stores on a case-insensitive disk."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(key.lower(), data, mode=mode, durable=durable)


@caught_by("test_every_key_of_the_grammar_can_be_used")
class KeysGetLonger(HonestDriver):
    """Adds a suffix, which makes the longest segments too long."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if any(len(segment) + len(".tmp") > 255 for segment in key.split("/")):
            raise OSError("File name too long")
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_a_key_can_follow_the_prefix_of_the_same_name")
class EmptyFoldersStay(HonestDriver):
    """Cannot put an object where a folder was."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.folders: set[str] = set()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if key in self.folders:
            raise self.fail(StorageError, "put", key, "is a folder")
        self.folders.update(key[:at] for at, letter in enumerate(key) if letter == "/")
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_a_key_below_an_object_does_not_damage_it")
class FilesystemErrorsEscape(HonestDriver):
    """Raises an OSError."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        parents = (key[:at] for at, letter in enumerate(key) if letter == "/")
        if any(self.is_object(parent) for parent in parents):
            raise NotADirectoryError(20, "Not a directory")
        return super().put(key, data, mode=mode, durable=durable)

    def is_object(self, key: str) -> bool:
        try:
            self.stat(key)
        except NotFound:
            return False
        return True


@caught_by("test_threads_write_where_others_delete")
class PrunesUnderWriters(HonestDriver):
    """Removes a folder that became empty while a writer is using it."""

    removals: ClassVar[Counter[str]] = Counter()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        folder = key.rpartition("/")[0]
        before = self.removals[folder]
        time.sleep(0.01)
        if self.removals[folder] != before:
            raise self.fail(NotFound, "put", key)
        return super().put(key, data, mode=mode, durable=durable)

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        super().delete(keys)
        self.removals.update(key.rpartition("/")[0] for key in keys)


@caught_by("test_threads_use_one_driver_for_everything")
class PutSharesAVariable(HonestDriver):
    """Keeps the body of the running call in the instance."""

    body = b""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.body = data
        time.sleep(0.002)
        return super().put(key, self.body, mode=mode, durable=durable)
