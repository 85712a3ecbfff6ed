"""Drivers whose commits fail beside each other, or in turn."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import DriverOptions, ObjectInfo, UploadConflict, UploadState, UploadUnknown


class CommitsInSteps(HonestDriver):
    """Commits without one transaction: finds the upload, reads its bytes, forgets it, and writes the object."""

    pause = 0.005

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with closing(self.connect()) as link:
            upload, serial = self.find(link, state, "upload_commit")
        time.sleep(self.pause)
        with self.writing() as link:
            query = "SELECT data FROM steps WHERE upload = ? AND serial <= ? ORDER BY serial"
            data = b"".join(row[0] for row in link.execute(query, [upload, serial]))
            self.forget(link, upload)
        return self.put(target or state.key, data)


@caught_by("test_concurrent_commits_of_one_state_publish_its_bytes[0.1]")
class SecondCommitsAreEmpty(CommitsInSteps):
    """Replaces the object with an empty one in a second commit, which comes after the bytes were deleted."""


@caught_by("test_concurrent_commits_of_one_state_publish_its_bytes")
class SecondCommitsReturnEarly(HonestDriver):
    """Returns from a second commit while the first one is still writing the object."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.running: Counter[str] = Counter()

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        upload = json.loads(state.token)["upload"]
        self.running[upload] += 1
        if self.running[upload] > 1:
            with closing(self.connect()) as link:
                self.find(link, state, "upload_commit")
            return ObjectInfo(target or state.key, state.size, self.put("_now", b"").modified, None)
        time.sleep(0.05)
        return super().upload_commit(state, target=target)


@caught_by("test_concurrent_commits_of_one_state_publish_its_bytes")
class RacingCommitsAllFail(HonestDriver):
    """Raises UploadConflict from every one of several concurrent commits."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.lock = threading.Lock()
        self.running: Counter[str] = Counter()

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self.lock:
            self.running[state.token] += 1
        time.sleep(0.02)
        with self.lock:
            if self.running[state.token] > 1:
                raise self.fail(UploadConflict, "upload_commit", state.key)
        return super().upload_commit(state, target=target)


@caught_by("test_concurrent_commits_of_one_state_publish_its_bytes[0.1]")
class RacingCommitsLeaveTheUpload(HonestDriver):
    """Restores the upload if a second commit fails, although the first one has succeeded."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except UploadUnknown:
            with self.writing() as link:
                upload = json.loads(state.token)["upload"]
                link.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?, ?)", [upload, state.key, time.time()])
            raise


@caught_by("test_concurrent_commits_of_one_state_to_several_targets[0.1]")
class CommitWritesBeforeItChecks(HonestDriver):
    """Writes the object, and then raises UploadUnknown if another commit has ended the upload meanwhile."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with closing(self.connect()) as link:
            upload, serial = self.find(link, state, "upload_commit")
            query = "SELECT data FROM steps WHERE upload = ? AND serial <= ? ORDER BY serial"
            data = b"".join(row[0] for row in link.execute(query, [upload, serial]))
        time.sleep(0.005)
        info = self.put(target or state.key, data)
        with self.writing() as link:
            self.find(link, state, "upload_commit")
            self.forget(link, upload)
        return info


@caught_by("test_concurrent_commits_of_one_state_to_several_targets[0.1]")
class SecondTargetsAreEmpty(CommitsInSteps):
    """Creates an empty object at the target of a second commit."""


@caught_by("test_concurrent_commits_of_an_older_and_a_newer_state")
class StatesRaceToCommit(CommitsInSteps):
    """Checks that the upload exists, and commits a moment later, also if another state was committed meanwhile."""


@caught_by("test_commits_of_different_states_in_turn")
class EveryStateCommitsOnce(HonestDriver):
    """Remembers the states that were committed, not the uploads."""

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        """Keep the upload."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.committed: set[str] = set()

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        if state.token in self.committed:
            raise self.fail(UploadUnknown, operation, state.key)
        if operation == "upload_commit":
            self.committed.add(state.token)
        return super().find(link, state, operation)


@caught_by("test_commits_of_different_states_in_turn[0]")
class CommitOfAStartKeepsTheUpload(HonestDriver):
    """Ends an upload only if bytes of it were committed."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        if state.size:
            return super().upload_commit(state, target=target)
        with self.writing() as link:
            self.find(link, state, "upload_commit")
            return self.save(link, target or state.key, b"")


@caught_by("test_a_commit_to_the_key_of_another_upload")
class CommitEndsUploadsOfItsTarget(HonestDriver):
    """Discards the uploads of the key to which another upload is committed."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        with self.writing() as link:
            link.execute("DELETE FROM uploads WHERE key = ?", [info.key])
        return info


@caught_by("test_a_commit_to_the_key_of_another_upload")
class StartDeletesTheObject(HonestDriver):
    """Deletes the object of the key when a new upload for it starts."""

    def upload_start(self, key: str) -> UploadState:
        self.delete([key])
        return super().upload_start(key)


@caught_by("test_an_upload_that_another_driver_has_ended_is_unknown")
class UploadsAreRemembered(HonestDriver):
    """Remembers in each instance which uploads exist, so that the end of one elsewhere is not seen."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.known: dict[str, str] = {}

    def upload_start(self, key: str) -> UploadState:
        state = super().upload_start(key)
        self.known[json.loads(state.token)["upload"]] = key
        return state

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        token = json.loads(state.token)
        if token["upload"] in self.known:
            return token["upload"], token["serial"]
        return super().find(link, state, operation)

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        self.known.pop(upload, None)
        super().forget(link, upload)


@caught_by("test_concurrent_commits_of_processes_publish_the_bytes[0.1]")
class CommitsLockTheirProcess(CommitsInSteps):
    """Makes the steps of a commit atomic among the threads of a process only."""

    lock = threading.Lock()
    pause = 0.02

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self.lock:
            return super().upload_commit(state, target=target)


@caught_by("test_a_commit_and_concurrent_aborts_leave_all_or_nothing")
class CommitsBesideAbortsAreEmpty(CommitsInSteps):
    """Commits an empty object if an abort comes between its first look and the bytes."""


@caught_by("test_a_commit_and_concurrent_aborts_leave_all_or_nothing")
class AbortsBesideEachOtherRaise(HonestDriver):
    """Raises from an abort if another abort has ended the upload since it looked."""

    def upload_abort(self, state: UploadState) -> None:
        with closing(self.connect()) as link:
            try:
                upload, _ = self.find(link, state, "upload_abort")
            except UploadUnknown:
                return
        time.sleep(0.005)
        with self.writing() as link:
            self.find(link, state, "upload_abort")
            self.forget(link, upload)


@caught_by("test_a_commit_and_concurrent_aborts_leave_all_or_nothing")
class AbortsTakeTheNewObject(HonestDriver):
    """Deletes the object of a commit that came while the abort was running."""

    def upload_abort(self, state: UploadState) -> None:
        with closing(self.connect()) as link:
            try:
                self.find(link, state, "upload_abort")
            except UploadUnknown:
                return
        before = {item.key for item in self.list_objects()}
        time.sleep(0.005)
        super().upload_abort(state)
        self.delete({item.key for item in self.list_objects()} - before)


@caught_by("test_an_abort_of_an_older_state_ends_the_upload")
class AbortsEndTheirState(HonestDriver):
    """Discards only the bytes of the state that is given to an abort."""

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            token = json.loads(state.token)
            latest = "SELECT COALESCE(MAX(serial), 0) FROM steps WHERE upload = ?"
            (last,) = link.execute(latest, [token["upload"]]).fetchone()
            if last == token["serial"]:
                self.forget(link, token["upload"])
