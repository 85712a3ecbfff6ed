"""Drivers that leave bytes in the backend."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import suppress

from contract.tests.broken.append_errors import recorded
from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import Chunks, NotFound, ObjectInfo, UploadState, UploadUnknown, WriteMode


def keep(link: sqlite3.Connection, data: bytes) -> None:
    """Store bytes that belong to no upload."""
    link.execute("INSERT INTO steps (upload, data) VALUES ('', ?)", [data])


@caught_by("test_an_abort_leaves_no_bytes[-1]")
class AbortsForgetTheUpload(HonestDriver):
    """Makes an aborted upload unknown, and leaves its bytes."""

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            link.execute("DELETE FROM uploads WHERE id = ?", [json.loads(state.token)["upload"]])


@caught_by("test_an_abort_leaves_no_bytes[0]")
class AbortsDeleteTheBytesOfTheirState(HonestDriver):
    """Deletes the bytes up to the state that is given to an abort."""

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            token = json.loads(state.token)
            link.execute("DELETE FROM uploads WHERE id = ?", [token["upload"]])
            link.execute("DELETE FROM steps WHERE upload = ? AND serial <= ?", [token["upload"], token["serial"]])


@caught_by("test_an_abort_leaves_no_bytes_of_bodies_that_raised")
class BodiesThatRaisedLeaveParts(HonestDriver):
    """Leaves the parts that it had sent when a body raised."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        received: list[bytes] = []
        try:
            return super().upload_append(state, recorded(data, received))
        except ValueError:
            with self.writing() as link:
                keep(link, b"".join(received))
            raise


@caught_by("test_an_append_leaves_no_bytes_of_an_upload_that_was_aborted_meanwhile")
class LateAppendsLeaveBytes(HonestDriver):
    """Writes its bytes before it detects that the upload was aborted."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        try:
            return super().add(state, data)
        except UploadUnknown:
            with self.writing() as link:
                keep(link, data)
            raise


@caught_by("test_a_commit_leaves_only_the_object")
class CommitsLeaveTheirParts(HonestDriver):
    """Leaves the parts of an upload when they were copied into the object."""

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        link.execute("DELETE FROM uploads WHERE id = ?", [upload])


@caught_by("test_a_commit_leaves_only_the_object")
class OvertakenAppendsAreLeft(HonestDriver):
    """Deletes the parts of the state that was committed, and leaves those that came after it."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        token = json.loads(state.token)
        with self.writing() as link:
            query = "UPDATE steps SET upload = '' WHERE upload = ? AND serial > ?"
            link.execute(query, [token["upload"], token["serial"]])
        return super().upload_commit(state, target=target)


@caught_by("test_overwrites_and_deletions_leave_no_bytes")
class OverwritesKeepTheOld(HonestDriver):
    """Keeps every object that was replaced, as a version that cannot be read."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        with suppress(NotFound), self.read(key) as reader:
            old = b"".join(reader)
            with self.writing() as link:
                keep(link, old)
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_overwrites_and_deletions_leave_no_bytes")
class DeletionsHideObjects(HonestDriver):
    """Hides a deleted object, and keeps its bytes."""

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        for key in keys:
            with suppress(NotFound), self.read(key) as reader:
                old = b"".join(reader)
                with self.writing() as link:
                    keep(link, old)
        super().delete(keys)
