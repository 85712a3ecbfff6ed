"""Drivers of a networked backend that go wrong when a connection breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import CHUNK, PAGE, Answer, RemoteDriver, RemoteReader

from entrepot_contract import (
    Chunks,
    DriverOptions,
    IntegrityError,
    NotFound,
    ObjectInfo,
    Prefix,
    Reader,
    StorageError,
    Unavailable,
    UploadState,
    UploadUnknown,
)

AGAIN = "test_a_driver_works_again_when_the_backend_does[refuse]"
READ = "test_read_never_ends_short_when_the_connection_breaks[once-end]"
LIST = "test_a_listing_never_ends_short_when_the_connection_breaks[False]"
MIDDLE = "test_a_state_is_usable_after_the_backend_failed_in_the_middle_of_an_append[reset]"


class Changed(RemoteDriver):
    """Reads with a reader of another class."""

    reader: type[RemoteReader]

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        found = super().read(key, offset=offset, length=length)
        found.__class__ = self.reader
        return found


@caught_by(AGAIN)
class StaysBroken(RemoteDriver):
    """Gives up for ever after three failures."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.failures = 0

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        self.failures += 1
        return super().meaning(operation, key, error)

    def stat(self, key: str) -> ObjectInfo:
        if self.failures > 3:
            raise self.fail(Unavailable, "stat", key, "has failed before")
        return super().stat(key)


@caught_by(AGAIN)
class KeepsItsSlots(RemoteDriver):
    """Takes one of eight slots for each request, and gives it back only after a response."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.slots = threading.Semaphore(8)

    def stat(self, key: str) -> ObjectInfo:
        return self.within("stat", key, lambda: super(KeepsItsSlots, self).stat(key))

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        self.slots.acquire(timeout=0.01)
        return super().meaning(operation, key, error)

    def within(self, operation: str, key: str, call: object) -> ObjectInfo:
        if not self.slots.acquire(timeout=0.2):
            raise self.fail(Unavailable, operation, key, "no free slot")
        assert callable(call)
        info: ObjectInfo = call()
        self.slots.release()
        return info


@caught_by("test_stat_is_right_or_fails_when_the_connection_breaks")
class StatTakesWhatThereIs(RemoteDriver):
    """Takes a response without an end for that of an empty object."""

    def answer(self, operation: str, key: str | None, stream: BinaryIO) -> Answer:
        try:
            return super().answer(operation, key, stream)
        except EOFError:
            if operation != "stat":
                raise
            return {"key": key, "size": 0, "modified": datetime.now(UTC).isoformat(), "etag": None}


class ShortReader(RemoteReader):
    def __iter__(self) -> Iterator[bytes]:
        while self.left:
            chunk = self.stream.read(min(CHUNK, self.left))
            if not chunk:
                return
            self.left -= len(chunk)
            yield chunk


@caught_by(READ)
class ReadEndsWithTheConnection(Changed):
    """Ends the read where the connection ends."""

    reader = ShortReader


class SilentReader(RemoteReader):
    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from super().__iter__()
        except Unavailable:
            return


@caught_by(READ)
class ReadEndsWithAnyError(Changed):
    """Ends the read at any error."""

    reader = SilentReader


class AgainReader(RemoteReader):
    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from super().__iter__()
        except Unavailable:
            with self.driver.read(self.info.key) as again:
                yield from again


@caught_by(READ)
class ReadBeginsAgain(Changed):
    """Reads the object from its start again after a connection broke."""

    reader = AgainReader


class LostReader(RemoteReader):
    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from super().__iter__()
        except Unavailable as error:
            raise self.driver.fail(NotFound, "read", self.info.key, "no such object") from error


@caught_by(READ)
class BrokenReadIsNotFound(Changed):
    """Takes a connection that broke for a missing object."""

    reader = LostReader


class DamagedReader(RemoteReader):
    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from super().__iter__()
        except Unavailable as error:
            raise self.driver.fail(IntegrityError, "read", self.info.key, "too few bytes") from error


@caught_by(READ)
class BrokenReadIsDamage(Changed):
    """Takes a connection that broke for damaged data."""

    reader = DamagedReader


class PatientReader(RemoteReader):
    def __iter__(self) -> Iterator[bytes]:
        self.link.settimeout(None)
        return super().__iter__()


@caught_by("test_read_raises_when_the_backend_stops_sending")
class ReadWaitsForEver(Changed):
    """Has no timeout once the object has begun."""

    reader = PatientReader


@caught_by(LIST)
class ListEndsWithTheConnection(RemoteDriver):
    """Ends a listing at the first page that fails, except for the first page."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        page = self.page(prefix, start_after, shallow)
        while page:
            yield from page
            try:
                page = self.page(prefix, page[-1].key, shallow) if len(page) == PAGE else []
            except Unavailable:
                return


@caught_by(LIST)
class ListSkipsAPage(RemoteDriver):
    """Goes on with the item after the next if a page fails."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        page = self.page(prefix, start_after, shallow)
        while page:
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1].key
            try:
                page = self.page(prefix, last, shallow)
            except Unavailable:
                page = self.page(prefix, last, shallow)[1:]


@caught_by(MIDDLE)
class ForgetsAnUploadThatFailed(RemoteDriver):
    """Takes an upload for ended once an append has failed."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.dead: set[str] = set()

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        if state.token in self.dead:
            raise self.fail(UploadUnknown, "upload_append", state.key, "the upload has failed")
        try:
            return super().upload_append(state, data)
        except Unavailable:
            self.dead.add(state.token)
            raise


@caught_by(MIDDLE)
class AbortsAnUploadThatFailed(RemoteDriver):
    """Aborts an upload whose append has failed, as soon as it can."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.waiting: list[UploadState] = []

    def stat(self, key: str) -> ObjectInfo:
        while self.waiting:
            super().upload_abort(self.waiting.pop())
        return super().stat(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except Unavailable:
            self.waiting.append(state)
            raise


@caught_by(MIDDLE)
class AppendRestsOnFailure(RemoteDriver):
    """Sends what is left of the body again after a failure, without what was sent before."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        body = iter(data)
        try:
            return super().upload_append(state, body)
        except Unavailable:
            return super().upload_append(state, body)


@caught_by("test_an_append_whose_response_is_lost_loses_no_bytes")
class AppendAssumesSuccess(RemoteDriver):
    """Goes on as if an append had been stored whose response was lost."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        pieces = [bytes(piece) for piece in data]
        try:
            return super().upload_append(state, pieces)
        except Unavailable:
            return UploadState(state.key, state.size + sum(map(len, pieces)), state.token)


@caught_by("test_an_append_whose_response_is_lost_loses_no_bytes")
class AppendLosesItsBody(RemoteDriver):
    """Tries an append again with a body that is used up."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        body = iter(data)
        try:
            return super().upload_append(state, body)
        except Unavailable as error:
            if not isinstance(error.__cause__, EOFError | ConnectionError):
                raise
            again = super().upload_append(state, body)
            return UploadState(again.key, again.size, again.token)
