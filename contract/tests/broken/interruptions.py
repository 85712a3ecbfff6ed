"""Drivers that cannot bear another call in the middle of an append."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator

from contract.tests.broken.register import caught_by
from contract.tests.broken.uploads import NeverDrops
from contract.tests.honest import HonestDriver

from entrepot_contract import Chunks, DriverOptions, Unavailable, UploadState, UploadUnknown


def revive(driver: HonestDriver, state: UploadState) -> None:
    """Make an upload known that has ended."""
    with driver.writing() as link:
        upload = json.loads(state.token)["upload"]
        link.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?, ?)", [upload, state.key, time.time()])


@caught_by("test_an_abort_ends_a_running_append")
class AppendRevivesAbortedUploads(HonestDriver):
    """Creates the upload again if it was aborted while its body was received."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        revive(self, state)
        return super().add(UploadState(state.key, state.size, self.state("", 0, self._id(state), 0).token), data)

    def _id(self, state: UploadState) -> str:
        upload: str = json.loads(state.token)["upload"]
        return upload


@caught_by("test_an_abort_ends_a_running_append")
class AppendLetsEndedUploadsPass(HonestDriver):
    """Returns a state although the upload was aborted meanwhile, and its bytes are lost."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        try:
            return super().add(state, data)
        except UploadUnknown:
            return UploadState(state.key, state.size + len(data), state.token)


@caught_by("test_a_commit_and_a_running_append_exclude_each_other")
class AppendRevivesCommittedUploads(HonestDriver):
    """Goes on with an upload that was committed while its body was received, and commits it again."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        revive(self, state)
        with self.writing() as link:
            upload = json.loads(state.token)["upload"]
            new = link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data]).lastrowid
        return self.state(state.key, state.size + len(data), upload, new or 0)


class SavesChunks(NeverDrops):
    """Saves each chunk when it is received."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        new = self.add(state, b"")
        for chunk in data:
            new = self.add(new, bytes(chunk))
        return new


@caught_by("test_a_commit_and_a_running_append_exclude_each_other")
class CommitTakesTheRunningAppend(SavesChunks):
    """Commits the bytes that a running append has received so far."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        upload, serial = super().find(link, state, operation)
        return upload, 2**60 if operation == "upload_commit" else serial


@caught_by("test_an_append_within_an_append_is_not_mixed_with_it")
class AppendsWithinAppendsMix(SavesChunks):
    """Mixes the chunks of an append with those of another one that runs at the same time."""


@caught_by("test_an_append_within_an_append_is_not_mixed_with_it")
class BothAppendsAreKept(HonestDriver):
    """Lets an append that began earlier come after one that has ended meanwhile, in one object."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            upload = self.find(link, state, "upload_append")[0]
            new = link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data]).lastrowid
        return self.state(state.key, state.size + len(data), upload, new or 0)


@caught_by("test_other_uploads_end_within_an_append")
class AppendsShareABuffer(HonestDriver):
    """Has one buffer for all appends of an instance."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.buffer = bytearray()

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        self.buffer.clear()
        for chunk in data:
            self.buffer += chunk
        return super().upload_append(state, [bytes(self.buffer)])


@caught_by("test_other_uploads_end_within_an_append")
class AppendsLockOthersOut(HonestDriver):
    """Refuses every other call while an append waits for its body."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.lock = threading.Lock()

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        if not self.lock.acquire(timeout=0.2):
            raise self.fail(Unavailable, "upload_append", state.key, "busy")
        try:
            return super().upload_append(state, data)
        finally:
            self.lock.release()


@caught_by("test_other_uploads_end_within_an_append")
class CommitEndsRunningAppends(HonestDriver):
    """Ends all uploads of a key with a commit of one of them."""

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        (key,) = link.execute("SELECT key FROM uploads WHERE id = ?", [upload]).fetchone() or ("",)
        super().forget(link, upload)
        link.execute("DELETE FROM uploads WHERE key = ?", [key])


@caught_by("test_an_append_that_fails_leaves_what_came_within_it")
class FailedAppendsTakeOthersBack(HonestDriver):
    """Resets the upload to the state of an append whose body raised, also after another append has succeeded."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except Exception:
            with self.writing() as link:
                upload, serial = self.find(link, state, "upload_append")
                link.execute("DELETE FROM steps WHERE upload = ? AND serial > ?", [upload, serial])
            raise


@caught_by("test_an_append_that_fails_leaves_what_came_within_it")
class FailedAppendsAreSaved(HonestDriver):
    """Saves what was received of a body that raised, over what another append has written meanwhile."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def received() -> Iterator[bytes]:
            try:
                for chunk in data:
                    yield bytes(chunk)
            except ValueError as error:
                failed.append(error)

        failed: list[ValueError] = []
        new = super().upload_append(state, received())
        if failed:
            raise failed[0]
        return new
