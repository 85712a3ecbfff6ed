"""Drivers that trust the tokens of upload states, and drivers whose errors claim to be temporary."""

from __future__ import annotations

import json
import sqlite3

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    Chunks,
    NotFound,
    ObjectInfo,
    StorageError,
    UploadState,
    UploadUnknown,
)

GARBAGE = "test_a_token_that_never_was_is_unknown"
CHANGED = "test_a_changed_token_raises_nothing_else"


@caught_by(GARBAGE)
class TokenIsParsedWithoutCare(HonestDriver):
    """Raises KeyError, TypeError or ValueError for a token that is not its own."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        json.loads(state.token)["upload"].encode()
        return super().find(link, state, operation)


@caught_by(GARBAGE)
class UnknownTokenIsNotFound(HonestDriver):
    """Raises NotFound for an upload that does not exist."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        try:
            return super().find(link, state, operation)
        except UploadUnknown as error:
            raise self.fail(NotFound, operation, state.key, "no such upload") from error


@caught_by(GARBAGE)
class UnknownTokenIsInternal(HonestDriver):
    """Raises a plain StorageError for a token that cannot be parsed."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        try:
            json.loads(state.token)
        except ValueError as error:
            raise self.fail(StorageError, operation, state.key, "internal error") from error
        return super().find(link, state, operation)


@caught_by(GARBAGE)
class AbortOfAnUnknownTokenRaises(HonestDriver):
    """Raises UploadUnknown from an abort."""

    def upload_abort(self, state: UploadState) -> None:
        with self.writing() as link:
            self.find(link, state, "upload_abort")
        super().upload_abort(state)


@caught_by(GARBAGE)
class UnknownTokenStartsAnUpload(HonestDriver):
    """Starts another upload for a token that it does not know."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        try:
            return super().upload_append(state, data)
        except UploadUnknown:
            return super().upload_append(self.upload_start(state.key), data)


@caught_by(GARBAGE)
class UnknownTokenOfSizeZeroIsCommitted(HonestDriver):
    """Commits a state of size 0 without looking for its upload."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        if not state.size and "upload" not in state.token:
            return self.put(target or state.key, b"")
        return super().upload_commit(state, target=target)


@caught_by(CHANGED)
class TokenHasAnyTypes(HonestDriver):
    """Hands the parts of a token to the database, whatever they are."""

    def find(self, link: sqlite3.Connection, state: UploadState, operation: str) -> tuple[str, int]:
        token = json.loads(state.token)
        link.execute("SELECT 1 FROM uploads WHERE id = ?", [token.get("upload")])
        return super().find(link, state, operation)


@caught_by(CHANGED)
class AbortWithoutAnUploadDropsAll(HonestDriver):
    """Discards all uploads if the token names none."""

    def upload_abort(self, state: UploadState) -> None:
        token = json.loads(state.token)
        with self.writing() as link:
            if not token.get("upload"):
                link.execute("DELETE FROM uploads")
        super().upload_abort(state)


@caught_by("test_read_of_a_missing_key_raises_at_once")
class MissingIsRetryable(HonestDriver):
    """Marks NotFound as retryable."""

    def info(self, link: sqlite3.Connection, key: str, operation: str) -> ObjectInfo:
        try:
            return super().info(link, key, operation)
        except NotFound as error:
            error.retryable = True
            raise
