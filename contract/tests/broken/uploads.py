"""Drivers with broken uploads, before the commit."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    Chunks,
    Denied,
    DriverOptions,
    ObjectInfo,
    StorageError,
    UploadConflict,
    UploadState,
    UploadUnknown,
)


@caught_by("test_many_uploads_can_be_open_for_one_key")
class UploadsShareTheirKey(HonestDriver):
    """Has one upload for each key."""

    def upload_start(self, key: str) -> UploadState:
        with self.writing() as link:
            link.execute("DELETE FROM uploads WHERE key = ?", [key])
        return super().upload_start(key)


@caught_by("test_nothing_is_readable_before_the_commit")
class UploadsCanBeRead(HonestDriver):
    """Writes to the final key from the start, like a filesystem driver that opens the final path."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        state = super().upload_append(state, data)
        self.put(state.key, b"x" * state.size)
        return state


@caught_by("test_append_takes_pieces_of_any_size_and_type")
class AppendKeepsItsPieces(HonestDriver):
    """Keeps the caller's buffers until the end, when their content has changed."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        kept = list(data)
        return super().upload_append(state, kept)


@caught_by("test_append_takes_pieces_of_any_size_and_type")
class AppendStopsAtAnEmptyPiece(HonestDriver):
    """Treats an empty chunk as the end."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return super().upload_append(state, iter(iter(data).__next__, b""))


@caught_by("test_append_takes_pieces_of_any_size_and_type")
class AppendLosesTheLastPart(HonestDriver):
    """Keeps only full parts."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        part = self.capabilities.part_size_hint
        kept = data[: len(data) // part * part] if len(data) > part else data
        return dataclasses.replace(super().add(state, kept), size=state.size + len(data))


@caught_by("test_append_takes_pieces_of_any_size_and_type")
class AppendCountsItsOwnBytes(HonestDriver):
    """Returns the size of the append as the size of the upload."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        return dataclasses.replace(super().add(state, data), size=len(data))


@caught_by("test_the_token_is_json_and_is_not_shown")
class TokensAreNotJson(HonestDriver):
    """Uses a token that is not JSON."""

    def state(self, key: str, size: int, upload: str, serial: int) -> UploadState:
        return UploadState(key, size, f"upload={upload}")


@caught_by("test_the_token_is_json_and_is_not_shown")
class TokensGrow(HonestDriver):
    """Has a token that grows with every append."""

    def state(self, key: str, size: int, upload: str, serial: int) -> UploadState:
        state = super().state(key, size, upload, serial)
        return dataclasses.replace(state, token=state.token + " " * (size * 50_000))


class ShownState(UploadState):
    """Shows its token."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"UploadState({self.token})"


@caught_by("test_the_token_is_json_and_is_not_shown")
class TokensAreShown(HonestDriver):
    """Has states that show their token in logs."""

    def state(self, key: str, size: int, upload: str, serial: int) -> UploadState:
        state = super().state(key, size, upload, serial)
        return ShownState(state.key, state.size, state.token)


class NeverDrops(HonestDriver):
    """Keeps the bytes that were appended after an older state."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with self.writing() as link:
            upload, _ = self.find(link, state, "upload_append")
            new = link.execute("INSERT INTO steps (upload, data) VALUES (?, ?)", [upload, data]).lastrowid
        return self.state(state.key, state.size + len(data), upload, new or 0)


@caught_by("test_append_from_an_older_state_drops_what_came_after")
class AppendGoesOnAtTheEnd(NeverDrops):
    """Appends at the end, whichever state it is called with."""


@caught_by("test_append_from_an_older_state_drops_what_came_after")
class AppendRefusesOlderStates(HonestDriver):
    """Accepts each state only once."""

    used: ClassVar[set[str]] = set()

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        new = super().upload_append(state, data)
        if state.token in self.used:
            raise self.fail(Denied, "upload_append", state.key)
        self.used.add(state.token)
        return new


@caught_by("test_an_overtaken_state_cannot_be_committed")
class ConflictsLoseTheirCall(HonestDriver):
    """Raises UploadConflict without key and operation."""

    def fail(self, kind: type[StorageError], operation: str, key: str | None, message: str = "refused") -> StorageError:
        return super().fail(kind, "" if kind is UploadConflict else operation, key, message)


@caught_by("test_an_overtaken_state_cannot_be_committed")
class OvertakenStatesCommit(HonestDriver):
    """Commits all bytes, whichever state it is called with."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        upload = json.loads(state.token)["upload"]
        if not link.execute("SELECT 1 FROM uploads WHERE id = ?", [upload]).fetchone():
            raise self.fail(UploadUnknown, operation, state.key)
        return upload, json.loads(state.token)["serial"] if operation == "upload_append" else 2**60


@caught_by("test_an_overtaken_state_cannot_be_committed")
class LosersEndTheUpload(HonestDriver):
    """Discards the upload if one of two racing appends has lost."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except StorageError:
            self.upload_abort(state)
            raise


@caught_by("test_an_older_state_can_be_committed")
class OlderStatesCommitEverything(HonestDriver):
    """Also commits bytes that were appended after the state."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        upload, serial = super().find(link, state, operation)
        return upload, 2**60 if operation == "upload_commit" else serial


@caught_by("test_append_survives_a_body_that_raises")
class AppendWrapsForeignErrors(HonestDriver):
    """Wraps the exception of the body."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except Exception as error:
            raise self.fail(StorageError, "upload_append", state.key) from error


class SavesAsItGoes(HonestDriver):
    """Saves each chunk at the end, and cleans up after an Exception."""

    cleans: tuple[type[BaseException], ...] = (Exception,)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        new = self.add(state, b"")
        try:
            for piece in data:
                new = self.add(new, bytes(piece))
        except self.cleans:
            self.add(state, b"")
            raise
        return new


@caught_by("test_append_survives_a_body_that_raises")
class AppendForgetsBaseExceptions(SavesAsItGoes, NeverDrops):
    """Cleans up after every Exception, and leaves bytes behind after a KeyboardInterrupt."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except Exception:
            with self.writing() as link:
                token = json.loads(state.token)
                link.execute("DELETE FROM steps WHERE upload = ? AND serial > ?", [token["upload"], token["serial"]])
            raise


@caught_by("test_a_state_survives_kill_in_mid_append[600]")
class AppendForgetsKills(AppendForgetsBaseExceptions):
    """Leaves bytes behind when it is killed."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except BaseException:
            with self.writing() as link:
                token = json.loads(state.token)
                link.execute("DELETE FROM steps WHERE upload = ? AND serial > ?", [token["upload"], token["serial"]])
            raise


@caught_by("test_a_state_survives_kill_in_mid_append[1]")
class AppendKeepsItsLock(HonestDriver):
    """Marks an upload as busy, and the mark outlives the process."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        mark = f"_busy/{json.loads(state.token)['upload']}"
        if any(True for _ in self.list_objects(f"{mark}/")):
            raise self.fail(Denied, "upload_append", state.key, "busy")
        self.put(f"{mark}/x", b"")
        try:
            return super().upload_append(state, data)
        finally:
            self.delete([f"{mark}/x"])


@caught_by("test_a_state_can_be_committed_after_a_body_that_raised")
class AppendAbortsOnErrors(HonestDriver):
    """Discards the upload if the body raises."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except BaseException:
            self.upload_abort(state)
            raise


@caught_by("test_another_process_goes_on_where_one_was_killed")
class AppendKeepsBytesInMemory(HonestDriver):
    """Writes appended bytes only at the commit."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.held: dict[str, bytes] = {}

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, b"")
        self.held[new.token] = self.held.get(state.token, b"") + data
        return dataclasses.replace(new, size=state.size + len(data))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        if state.token in self.held:
            state = super().add(state, self.held[state.token])
        return super().upload_commit(state, target=target)
