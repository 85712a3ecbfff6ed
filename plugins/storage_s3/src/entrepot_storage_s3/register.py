"""Upload registers on servers with conditional writes: which state is the last, and which call ends the upload."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, replace
from typing import Final, Protocol

from entrepot_contract import Throttled
from entrepot_storage_s3.bucket import Bucket
from entrepot_storage_s3.draft import Draft, conflict, unknown
from entrepot_storage_s3.failures import Reporting, failure

__all__ = ["Register", "Swap"]

TRIES: Final = 8
"""Maximum number of attempts to replace an object that is replaced concurrently."""


class Register(Protocol):
    """The common interface of both implementations."""

    def begin(self, folder: str, report: Reporting) -> Draft:
        """Start an upload."""

    def check(self, draft: Draft, report: Reporting) -> None:
        """Raise UploadUnknown or UploadConflict if this can be detected before the data of an append is sent."""

    def advance(self, draft: Draft, report: Reporting) -> Draft:
        """Make this state the last one; raises UploadUnknown and UploadConflict."""

    def end(self, draft: Draft, report: Reporting) -> None:
        """End the upload with this state; raises UploadUnknown and UploadConflict.

        The same state can end it again until its working objects are deleted: a commit may be interrupted after this.
        """

    def drop(self, draft: Draft, report: Reporting) -> None:
        """End the upload without any state. Idempotent."""

    def written(self, draft: Draft) -> list[str]:
        """Return the names of objects that ``advance`` may have left if it detected that the upload has ended."""


@dataclass(frozen=True, slots=True)
class _Record:
    """The nonces of all appends that led to the last state, and whether that state has ended the upload."""

    chain: tuple[str, ...] = ()
    ended: bool = False

    def encode(self) -> bytes:
        return json.dumps([self.ended, self.chain], separators=(",", ":")).encode()

    @classmethod
    def decode(cls, text: bytes) -> _Record:
        ended, chain = json.loads(text)
        return cls(tuple(chain), ended)


class Swap:
    """One object for each upload, which is only replaced if it has the expected etag (compare and swap).

    - No two records have the same content, so an etag belongs to exactly one state.
    - A deleted object has no etag, so an upload whose objects are deleted cannot continue.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def begin(self, folder: str, report: Reporting) -> Draft:
        """Start an upload."""
        made = self._bucket.put(_name(folder), _Record().encode(), report)
        return Draft(folder, etag=made.etag or "")

    def check(self, draft: Draft, report: Reporting) -> None:
        """Do nothing: ``advance`` detects this with the request that it makes anyway."""

    def advance(self, draft: Draft, report: Reporting) -> Draft:
        """Make this state the last one; raises UploadUnknown and UploadConflict."""
        etag = self._swap(draft, draft.chain[:-1], _Record(draft.chain), report)
        return replace(draft, etag=etag)

    def end(self, draft: Draft, report: Reporting) -> None:
        """End the upload with this state; raises UploadUnknown and UploadConflict."""
        self._swap(draft, draft.chain, _Record(draft.chain, ended=True), report)

    def drop(self, draft: Draft, report: Reporting) -> None:
        """End the upload without any state. Idempotent."""
        self._bucket.delete_all([_name(draft.folder)], report)

    def written(self, draft: Draft) -> list[str]:
        """Return an empty list."""
        return []

    def _swap(self, draft: Draft, base: tuple[str, ...], record: _Record, report: Reporting) -> str:
        """Replace the record of state ``base``; return the new etag."""
        name, etag = _name(draft.folder), draft.etag
        for attempt in range(TRIES):
            if swapped := self._bucket.swap(name, record.encode(), etag, report):
                return swapped
            etag, found = self._find(name, report)
            if found == record:
                # An earlier attempt had succeeded, and its response was lost.
                return etag
            if found.ended:
                raise unknown(report)
            if found.chain[: len(base)] != base:
                raise conflict(report)
            if attempt:
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - spreads load, no secret
        message = "too many concurrent changes of this upload; retry"
        raise failure(Throttled, report.operation, report.key, message)

    def _find(self, name: str, report: Reporting) -> tuple[str, _Record]:
        found = self._bucket.find(name, report)
        if found is None:
            raise unknown(report)
        etag, text = found
        return etag, _Record.decode(text)


def _name(folder: str) -> str:
    return f"{folder}life"
