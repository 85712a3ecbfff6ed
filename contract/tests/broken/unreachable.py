"""Drivers of a networked backend that misjudge one which cannot be reached, does not respond, or refuses them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import Answer, RemoteDriver

from entrepot_contract import (
    Denied,
    NotFound,
    ObjectInfo,
    Prefix,
    StorageError,
    Unavailable,
    UploadState,
    UploadUnknown,
    WriteMode,
)

REFUSED = "test_every_verb_raises_unavailable_if_the_backend_cannot_be_reached"
HANGS = "test_every_verb_raises_unavailable_in_time_if_the_backend_never_responds"
DENIED = "test_every_verb_raises_denied_if_the_backend_refuses_the_credentials"


@caught_by(REFUSED)
class RefusalIsNotFound(RemoteDriver):
    """Takes a connection that is refused for a missing object."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        if operation in {"read", "stat"}:
            return self.fail(NotFound, operation, key, "no such object")
        return super().meaning(operation, key, error)


@caught_by(REFUSED)
class RefusalIsRaisedAsItIs(RemoteDriver):
    """Lets the exception of the socket out."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        raise error


@caught_by(REFUSED)
class RefusalIsNotRetryable(RemoteDriver):
    """Marks Unavailable as not retryable."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        return Unavailable("down", driver=self.name, operation=operation, key=key, retryable=False)


@caught_by(REFUSED)
class RefusalIsAnEmptyListing(RemoteDriver):
    """Lists nothing if the backend cannot be reached."""

    def page(self, prefix: str, after: str, shallow: bool) -> list[ObjectInfo | Prefix]:
        try:
            return super().page(prefix, after, shallow)
        except Unavailable:
            return []


@caught_by(REFUSED)
class RefusalIsAnEmptyShallowListing(RemoteDriver):
    """Lists nothing below a prefix that cannot be listed."""

    def page(self, prefix: str, after: str, shallow: bool) -> list[ObjectInfo | Prefix]:
        try:
            return super().page(prefix, after, shallow)
        except Unavailable:
            if not prefix:
                raise
            return []


@caught_by(REFUSED)
class AbortsSilently(RemoteDriver):
    """Returns from an abort that did not reach the backend."""

    def upload_abort(self, state: UploadState) -> None:
        try:
            super().upload_abort(state)
        except StorageError:
            return


@caught_by(REFUSED)
class DeletesSilently(RemoteDriver):
    """Returns from a delete that did not reach the backend."""

    def delete(self, keys: Iterable[str]) -> None:
        try:
            super().delete(keys)
        except StorageError:
            return


@caught_by(REFUSED)
class RefusalIsAnUnknownUpload(RemoteDriver):
    """Takes every failure of a commit for an upload that has ended."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except StorageError as error:
            raise self.fail(UploadUnknown, "upload_commit", state.key, "the upload has ended") from error


@caught_by(REFUSED)
class CreateAssumesSuccess(RemoteDriver):
    """Returns from a CREATE that it got no response to."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode)
        except Unavailable:
            if mode is WriteMode.OVERWRITE:
                raise
            return ObjectInfo(key, len(data), datetime.now(UTC), None)


@caught_by(HANGS)
class WaitsForEver(RemoteDriver):
    """Has no timeout, except for connecting."""

    def connect(self, timeout: float) -> socket.socket:
        link = super().connect(timeout)
        link.settimeout(None)
        return link


@caught_by(HANGS)
class TimeoutIsRaisedAsItIs(RemoteDriver):
    """Lets TimeoutError out."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        if isinstance(error, TimeoutError):
            raise error
        return super().meaning(operation, key, error)


@caught_by(HANGS)
class TimeoutIsNotFound(RemoteDriver):
    """Takes a backend that does not respond for a missing object."""

    def stat(self, key: str) -> ObjectInfo:
        try:
            return super().stat(key)
        except Unavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise self.fail(NotFound, "stat", key, "no such object") from error
            raise


@caught_by(HANGS)
class RetriesForAMinute(RemoteDriver):
    """Tries again until a minute has passed."""

    def move(self, source: str, target: str) -> ObjectInfo:
        for _ in range(30):
            try:
                return super().move(source, target)
            except Unavailable as error:
                if not isinstance(error.__cause__, TimeoutError):
                    raise
        raise self.fail(Unavailable, "move", source, "timed out")


@caught_by(DENIED)
class DenialIsUnavailable(RemoteDriver):
    """Takes a refused password for a backend that is down."""

    def answer(self, operation: str, key: str | None, stream: BinaryIO) -> Answer:
        try:
            return super().answer(operation, key, stream)
        except Denied as error:
            raise self.meaning(operation, key, error) from error


@caught_by(DENIED)
class DenialIsNotFound(RemoteDriver):
    """Takes a refused password for a missing object."""

    def stat(self, key: str) -> ObjectInfo:
        try:
            return super().stat(key)
        except Denied as error:
            raise self.fail(NotFound, "stat", key, "no such object") from error


@caught_by(DENIED)
class DenialIsRetryable(RemoteDriver):
    """Marks Denied as retryable."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode)
        except Denied as error:
            error.retryable = True
            raise


@caught_by(DENIED)
class DenialEndsAListing(RemoteDriver):
    """Lists nothing if it may not list."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        try:
            yield from super().list_objects(prefix, start_after=start_after, shallow=shallow)
        except Denied:
            return
