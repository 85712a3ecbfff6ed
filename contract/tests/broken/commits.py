"""Drivers with a broken ``upload_commit`` or ``upload_abort``."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import AlreadyExists, IntegrityError, NotFound, ObjectInfo, UploadState, UploadUnknown


@caught_by("test_commit_makes_the_bytes_readable_at_the_target")
class CommitForgetsItsTarget(HonestDriver):
    """Always commits to the upload's own key."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return super().upload_commit(state)


@caught_by("test_commit_makes_the_bytes_readable_at_the_target")
class CommitLeavesItsStage(HonestDriver):
    """Leaves a copy under the upload's own key."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        with self.read(info.key) as reader:
            self.put(state.key, b"".join(reader))
        return info


@caught_by("test_commit_replaces_an_existing_target")
class CommitReplacesNothing(HonestDriver):
    """Refuses an existing target."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            self.stat(target or state.key)
        except NotFound:
            return super().upload_commit(state, target=target)
        raise self.fail(AlreadyExists, "upload_commit", target)


@caught_by("test_commit_replaces_an_existing_target")
class CommitKeepsTheOld(HonestDriver):
    """Reports that it has replaced the target, but has not."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return self.stat(target or state.key)
        except NotFound:
            return super().upload_commit(state, target=target)


@caught_by("test_commit_of_nothing_makes_an_empty_object")
class CommitNeedsBytes(HonestDriver):
    """Cannot complete an upload without parts."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        if not state.size:
            raise self.fail(IntegrityError, "upload_commit", state.key, "no parts")
        return super().upload_commit(state, target=target)


@caught_by("test_readers_in_other_processes_see_whole_objects[upload_commit]")
class CommitGrowsTheTarget(HonestDriver):
    """Makes the first bytes readable before the last."""

    lock = threading.Lock()

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self.lock:
            self.put(target or state.key, b"x" * (state.size // 2))
            time.sleep(0.01)
            return super().upload_commit(state, target=target)


@caught_by("test_an_upload_is_unknown_after_its_commit")
class CommittedUploadsLive(HonestDriver):
    """Can commit an upload several times."""

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        return None


@caught_by("test_an_upload_is_unknown_after_its_commit")
class CommittedUploadsAreFoundByTheirObject(HonestDriver):
    """Returns the object of the first commit from a second commit."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except UploadUnknown:
            return self.stat(state.key)


@caught_by("test_an_upload_is_unknown_after_its_abort")
class AbortDoesNothing(HonestDriver):
    """Leaves an aborted upload as it is."""

    def upload_abort(self, state: UploadState) -> None:
        return None


@caught_by("test_an_upload_is_unknown_after_its_abort")
class AbortTakesNeighbours(HonestDriver):
    """Discards all uploads of the key."""

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            link.execute("DELETE FROM uploads WHERE key = ?", [state.key])


@caught_by("test_abort_is_idempotent")
class AbortWorksOnce(HonestDriver):
    """Raises if the upload no longer exists."""

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            self.find(link, state, "upload_abort")
            self.forget(link, json.loads(state.token)["upload"])


@caught_by("test_abort_is_idempotent")
class AbortDeletesTheObject(HonestDriver):
    """Deletes the committed object."""

    def upload_abort(self, state: UploadState) -> None:
        super().upload_abort(state)
        self.delete([state.key])


@caught_by("test_an_upload_is_unknown_after_its_expiry", ttl=0.3)
class NothingExpires(HonestDriver):
    """Claims that uploads expire, and keeps them."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        link.execute("UPDATE uploads SET used = ?", [time.time()])
        return super().find(link, state, operation)


class WritesInPlace(HonestDriver):
    """Has one file for each upload, and writes each piece to its end."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        upload = json.loads(state.token)["upload"]
        with self.writing() as link:
            self.find(link, state, "upload_append")
            if not state.size:
                link.execute("DELETE FROM steps WHERE upload = ?", [upload])
        for start in range(0, len(data), 1000):
            with self.writing() as link:
                link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data[start : start + 1000]])
            time.sleep(0.0002)
        return UploadState(state.key, state.size + len(data), json.dumps({"upload": upload, "serial": 0}))

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        return super().find(link, state, operation)[0], 2**60


@caught_by("test_racing_appends_are_never_mixed[True]")
class RacingAppendsMix(WritesInPlace):
    """Mixes what two processes append to one upload."""


@caught_by("test_threads_that_append_from_one_state_are_never_mixed")
class RacingThreadsMix(WritesInPlace):
    """Mixes what two threads append to one upload."""


@caught_by("test_racing_appends_are_never_mixed[False]")
class RacersBothCommit(HonestDriver):
    """Commits both results of two racing appends."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            token = json.loads(state.token)
            old = "SELECT data FROM steps WHERE upload = ?"
            before = b"".join(row[0] for row in link.execute(old, [token["upload"]]))
        fork = super().upload_start(state.key)
        return super().add(fork, before + data) if before else super().add(state, data)
