"""Drivers that do not let the exceptions of a body pass unchanged, or keep bytes of a body that raised."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator

from contract.tests.broken.register import caught_by
from contract.tests.broken.uploads import NeverDrops
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    Chunks,
    DriverOptions,
    IntegrityError,
    ObjectInfo,
    StorageError,
    Unavailable,
    UploadState,
    UploadUnknown,
)


def recorded(data: Chunks, received: list[bytes]) -> Iterator[bytes]:
    """Yield a body, and keep in ``received`` what it has yielded."""
    for chunk in data:
        received.append(bytes(chunk))
        yield received[-1]


@caught_by("test_every_exception_of_a_body_passes_unchanged")
class SystemErrorsOfBodiesAreItsOwn(HonestDriver):
    """Takes an OSError of the body for one of the disk."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except OSError as error:
            raise self.fail(Unavailable, "upload_append", state.key, str(error)) from error


@caught_by("test_every_exception_of_a_body_passes_unchanged")
class TimeoutsOfBodiesAreItsOwn(HonestDriver):
    """Takes a TimeoutError of the body for one of the backend."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except TimeoutError as error:
            raise self.fail(Unavailable, "upload_append", state.key, str(error)) from error


@caught_by("test_every_exception_of_a_body_passes_unchanged")
class ContractErrorsOfBodiesAreStamped(HonestDriver):
    """Writes its own name into every error of the contract, also into one that the body has raised."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except StorageError as error:
            error.driver, error.operation, error.key = self.name, "upload_append", state.key
            raise


@caught_by("test_every_exception_of_a_body_passes_unchanged")
class CancelledBodiesEnd(HonestDriver):
    """Takes a cancellation for the end of the body."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def received() -> Iterator[bytes]:
            try:
                for chunk in data:
                    yield bytes(chunk)
            except asyncio.CancelledError:
                return

        return super().upload_append(state, received())


@caught_by("test_every_exception_of_a_body_passes_unchanged")
class ClosedBodiesEnd(HonestDriver):
    """Takes GeneratorExit for the end of the body."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def received() -> Iterator[bytes]:
            try:
                for chunk in data:
                    yield bytes(chunk)
            except GeneratorExit:
                return

        return super().upload_append(state, received())


@caught_by("test_every_exception_of_a_body_passes_unchanged")
class MissingKeysOfBodiesAreItsOwn(HonestDriver):
    """Takes a KeyError or ValueError of the body for a broken token."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except (KeyError, ValueError) as error:
            raise self.fail(UploadUnknown, "upload_append", state.key) from error


@caught_by("test_a_state_stays_usable_wherever_a_body_raises")
class FailedAppendsLeaveTheirFirstPart(NeverDrops):
    """Discards only the last part of an append whose body raised."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        part, new, held = self.capabilities.part_size_hint, state, b""
        try:
            for chunk in data:
                held += bytes(chunk)
                while len(held) >= part:
                    new, held = self.add(new, held[:part]), held[part:]
        except BaseException:
            with self.writing() as link:
                upload, serial = self.find(link, new, "upload_append")
                if new is not state:
                    link.execute("DELETE FROM steps WHERE upload = ? AND serial = ?", [upload, serial])
            raise
        return self.add(new, held)


@caught_by("test_a_state_stays_usable_wherever_a_body_raises")
class FailedAppendsAreCounted(HonestDriver):
    """Counts the bytes of a body that raised in the size of the upload."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.received: dict[str, int] = {}

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        upload = json.loads(state.token)["upload"]
        before = self.received.get(upload, 0) if state.size else 0

        def counted() -> Iterator[bytes]:
            for chunk in data:
                self.received[upload] = self.received.get(upload, 0) + len(chunk)
                yield bytes(chunk)

        new = super().upload_append(state, counted())
        size = max(new.size, self.received.get(upload, 0)) if before > state.size else new.size
        return UploadState(new.key, size, new.token)


@caught_by("test_a_state_stays_usable_wherever_a_body_raises")
class LargeFailuresEndTheUpload(HonestDriver):
    """Discards the upload if the body raises after a part was sent."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            for chunk in data:
                yield bytes(chunk)
                sent += len(chunk)

        try:
            return super().upload_append(state, counted())
        except BaseException:
            if sent > self.capabilities.part_size_hint:
                self.upload_abort(state)
            raise


@caught_by("test_a_start_can_be_committed_after_a_body_that_raised")
class FailedStartsHaveBytes(HonestDriver):
    """Commits the bytes of a first append whose body raised."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        received: list[bytes] = []
        try:
            return super().upload_append(state, recorded(data, received))
        except Exception:
            if not state.size:
                super().upload_append(state, received)
            raise

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        upload, serial = super().find(link, state, operation)
        return upload, serial or (2**60 if operation == "upload_commit" else 0)


@caught_by("test_a_start_can_be_committed_after_a_body_that_raised")
class CommitChecksWhatWasReceived(HonestDriver):
    """Refuses to commit an upload if a body has raised since."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.failed: set[str] = set()

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except Exception:
            self.failed.add(state.token)
            raise

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        if state.token in self.failed and not state.size:
            raise self.fail(IntegrityError, "upload_commit", state.key)
        return super().upload_commit(state, target=target)


@caught_by("test_nothing_is_requested_from_a_body_after_it_raised")
class AppendAsksAgain(HonestDriver):
    """Asks a body once more after it has raised a temporary error."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def received() -> Iterator[bytes]:
            chunks = iter(data)
            while True:
                try:
                    chunk = next(chunks, None)
                except (OSError, Unavailable):
                    if (chunk := next(chunks, None)) is None:
                        raise
                if chunk is None:
                    return
                yield bytes(chunk)

        return super().upload_append(state, received())


@caught_by("test_a_body_of_a_refused_append_is_released")
class RefusedBodiesAreKept(HonestDriver):
    """Keeps the body of an append that it refused."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.refused: list[Chunks] = []

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except UploadUnknown:
            self.refused.append(data)
            raise
