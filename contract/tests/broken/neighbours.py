"""Drivers whose open uploads disturb each other, show, or cannot be continued by another driver."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress

from contract.tests.broken.register import caught_by
from contract.tests.broken.uploads import NeverDrops
from contract.tests.honest import HonestDriver, HonestOptions

from entrepot_contract import (
    Chunks,
    DriverOptions,
    ObjectInfo,
    StorageError,
    UploadConflict,
    UploadState,
)


@caught_by("test_open_uploads_end_in_any_order")
class OldUploadsAreEvicted(HonestDriver):
    """Keeps the 20 newest uploads."""

    def upload_start(self, key: str) -> UploadState:
        state = super().upload_start(key)
        with self.writing() as link:
            newest = "SELECT id FROM uploads ORDER BY used DESC LIMIT 20"
            link.execute(f"DELETE FROM uploads WHERE id NOT IN ({newest})")  # noqa: S608 - no input
        return state


@caught_by("test_open_uploads_end_in_any_order")
class UploadsAreNamedByTheTime(HonestDriver):
    """Names uploads by their key and the time, so that two that start together are one."""

    def upload_start(self, key: str) -> UploadState:
        upload = f"{key}@{int(time.time() * 10)}"
        with self.writing() as link:
            link.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?)", [upload, key, time.time()])
        return self.state(key, 0, upload, 0)


@caught_by("test_open_uploads_end_in_any_order")
class AppendsEndAtTheNextUpload(HonestDriver):
    """Discards all bytes that were appended after an older state, also those of other uploads."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            upload, serial = self.find(link, state, "upload_append")
            if serial:
                link.execute("DELETE FROM steps WHERE serial > ?", [serial])
            new = link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data]).lastrowid
        return self.state(state.key, state.size + len(data), upload, new or 0)


@caught_by("test_an_upload_does_not_depend_on_the_objects_of_its_key")
class DeletesEndUploads(HonestDriver):
    """Discards the uploads of a key together with its object."""

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        super().delete(keys)
        with self.writing() as link:
            link.executemany("DELETE FROM uploads WHERE key = ?", [[key] for key in keys])


@caught_by("test_an_upload_does_not_depend_on_the_objects_of_its_key")
class MovesTakeUploadsAlong(HonestDriver):
    """Keeps the bytes of uploads under the key, and loses them when the object is moved."""

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        with self.writing() as link:
            link.execute("DELETE FROM steps WHERE upload IN (SELECT id FROM uploads WHERE key = ?)", [source])
        return info


@caught_by("test_nothing_shows_of_uploads_that_fail")
class FailedAppendsAreListed(HonestDriver):
    """Keeps what it has received of a body that raised as an object beside the key."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except ValueError:
            self.put(f"{state.key}.partial", b"")
            raise


@caught_by("test_nothing_shows_of_uploads_that_fail")
class ConflictsCreateTheTarget(HonestDriver):
    """Creates the target before it detects that a state was overtaken."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self.put(target or state.key, b"")
        return super().upload_commit(state, target=target)


@caught_by("test_nothing_shows_of_uploads_that_fail")
class AbortedUploadsAreKept(HonestDriver):
    """Keeps the bytes of an aborted upload as an object."""

    def upload_abort(self, state: UploadState) -> None:
        with suppress(StorageError):
            self.upload_commit(state, target=f"aborted/{state.key}")
        super().upload_abort(state)


@caught_by("test_nothing_shows_of_uploads_that_fail")
class LargeUploadsAreListed(HonestDriver):
    """Saves the parts of a large upload as objects."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        if new.size > 2 * self.capabilities.part_size_hint:
            self.put(f"{state.key}.parts/{len(data)}", data[:10])
        return new


@caught_by("test_the_token_does_not_grow_with_the_bytes")
class TokensHoldTheTail(HonestDriver):
    """Keeps the last bytes of an upload in its token."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        return dataclasses.replace(new, token=json.dumps({**json.loads(new.token), "tail": data[-(2**18) :].hex()}))


@caught_by("test_the_token_does_not_grow_with_the_bytes")
class TokensListEveryBlock(HonestDriver):
    """Lists the checksum of every 512 bytes in the token."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        blocks = ["00000000"] * (len(data) // 512)
        return dataclasses.replace(new, token=json.dumps({**json.loads(new.token), "blocks": blocks}))


@caught_by("test_the_token_does_not_grow_with_the_bytes", password="open-sesame-71")  # noqa: S106 - made up
class TokensHoldThePassword(HonestDriver):
    """Has its options in the token, with the password."""

    def state(self, key: str, size: int, upload: str, serial: int) -> UploadState:
        assert isinstance(self.options, HonestOptions)
        assert self.options.password is not None
        token = {"upload": upload, "serial": serial, "auth": self.options.password.get_secret_value()}
        return UploadState(key, size, json.dumps(token))


@caught_by("test_drivers_and_processes_take_turns_on_one_upload")
class SizesAreRemembered(HonestDriver):
    """Remembers the size of each upload in the instance, which another driver may have continued."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.sizes: dict[str, int] = {}

    def add(self, state: UploadState, data: bytes) -> UploadState:
        upload = json.loads(state.token)["upload"]
        new = super().add(state, data)
        self.sizes[upload] = self.sizes.get(upload, state.size) + len(data)
        return dataclasses.replace(new, size=self.sizes[upload])


@caught_by("test_drivers_and_processes_take_turns_on_one_upload")
class TailsAreKeptInMemory(HonestDriver):
    """Holds the last bytes of an append in memory, until the same driver appends more or commits."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.tails: dict[str, bytes] = {}

    def add(self, state: UploadState, data: bytes) -> UploadState:
        data = self.tails.get(state.token, b"") + data
        kept = len(data) // 1000 * 1000
        new = super().add(state, data[:kept])
        self.tails[new.token] = data[kept:]
        return dataclasses.replace(new, size=state.size + len(data) - len(self.tails.get(state.token, b"")))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return super().upload_commit(super().add(state, self.tails.get(state.token, b"")), target=target)


@caught_by("test_a_state_that_another_driver_has_overtaken_is_a_conflict")
class ConflictsAreFoundInMemory(NeverDrops):
    """Remembers in the instance which state of an upload is the last."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.last: dict[str, int] = {}

    def add(self, state: UploadState, data: bytes) -> UploadState:
        token = json.loads(state.token)
        if token["serial"] > self.last.get(token["upload"], token["serial"]):
            raise self.fail(UploadConflict, "upload_append", state.key)
        new = super().add(state, data)
        self.last[token["upload"]] = json.loads(new.token)["serial"]
        return new


@caught_by("test_an_upload_expires_after_its_last_append", ttl=0.6)
class UploadsExpireAfterTheirStart(HonestDriver):
    """Counts the time until an upload expires from its start."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            (used,) = link.execute("SELECT MIN(used) FROM uploads").fetchone()
        new = super().add(state, data)
        with self.writing() as link:
            link.execute("UPDATE uploads SET used = ?", [used])
        return new


@caught_by("test_an_upload_expires_after_its_last_append", ttl=0.6)
class AppendsKeepAllUploadsOfAKey(HonestDriver):
    """Counts the time until an upload expires from the last append to any upload of its key."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        query = "UPDATE uploads SET used = (SELECT MAX(used) FROM uploads WHERE key = ?) WHERE key = ?"
        link.execute(query, [state.key, state.key])
        return super().find(link, state, operation)
