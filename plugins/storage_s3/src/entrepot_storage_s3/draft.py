"""The content of an upload state's token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from entrepot_contract import MAX_TOKEN_BYTES, StorageError, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.toolkit.tokens import Count, Id, TokenForm
from entrepot_storage_s3.copying import Source
from entrepot_storage_s3.failures import Reporting, failure

__all__ = ["Draft", "conflict", "unknown"]

_NONCE: Final = 12
_Folder = Annotated[str, StringConstraints(pattern=r"^([^\x00]+/)?uploads/[0-9a-f]{32}/$")]

TOKEN: Final = TokenForm(
    tuple[_Folder, str, tuple[Id, ...], str, tuple[tuple[Id, Count] | tuple[Id, Count, Literal[False]], ...]]
)
"""The fields of ``Draft``; the names of segments without the folder."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One state of an upload.

    - ``folder``: the prefix of all its working objects, with a slash.
    - ``life``: the id of the multipart upload that exists as long as the upload; "" if an object is used instead.
    - ``chain``: a nonce for each append that led to this state.
    - ``etag``: of that object, or of the only part of that multipart upload, as written by the last append.
    - ``segments``: the objects with the data; the size of each but the last is a multiple of the minimum part size.
    """

    folder: str
    life: str = ""
    chain: tuple[str, ...] = ()
    etag: str = ""
    segments: tuple[Source, ...] = ()

    @property
    def record(self) -> bytes:
        """The unique content of the multipart upload's part; its size encodes the number of appends."""
        last = self.chain[-1] if self.chain else "0" * _NONCE
        return last.encode() + b"." * len(self.chain)

    @staticmethod
    def depth_of(size: int) -> int:
        """Return the number of appends of a state whose record has this size."""
        return size - _NONCE

    def state(self, key: str, size: int) -> UploadState:
        """Return the upload state; raises StorageError if the token is too large."""
        segments = [
            (name.removeprefix(self.folder), size) if whole else (name.removeprefix(self.folder), size, False)
            for name, size, whole in self.segments
        ]
        token = json.dumps([self.folder, self.life, self.chain, self.etag, segments], separators=(",", ":"))
        if len(token) > MAX_TOKEN_BYTES:
            message = "the upload has too many small chunks; start again with larger ones"
            raise failure(StorageError, "upload_append", key, message)
        return UploadState(key, size, token)

    @classmethod
    def of(cls, state: UploadState, operation: str) -> Draft:
        """Parse the token of a state; raises UploadUnknown if it is not a token of this driver."""
        content = TOKEN.read(state)
        if content is None:
            raise unknown(Reporting(operation, state.key))
        folder, life, nonces, etag, segments = content
        return cls(
            folder,
            life,
            nonces,
            etag,
            tuple(Source(folder + each[0], each[1], whole=len(each) == 2) for each in segments),
        )


def unknown(report: Reporting) -> UploadUnknown:
    """Return the error for an upload that has ended."""
    message = "the upload was committed, was aborted or never existed; start again"
    return failure(UploadUnknown, report.operation, report.key, message)


def conflict(report: Reporting) -> UploadConflict:
    """Return the error for a state that has been overtaken."""
    message = "another append was made from an earlier state; query the upload's state"
    return failure(UploadConflict, report.operation, report.key, message)
