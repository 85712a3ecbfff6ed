"""What the token of an upload's state says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from entrepot_contract import MAX_TOKEN_BYTES, StorageError, UploadConflict, UploadState, UploadUnknown
from entrepot_storage_s3.copying import Source
from entrepot_storage_s3.failures import Reporting, failure

__all__ = ["Draft", "conflict", "unknown"]

_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """One state of an upload.

    - ``folder``: the name, with its slash, that all its working objects begin with.
    - ``life``: the id of the multipart upload that lives as long as the upload does; "" where an object does.
    - ``chain``: a nonce for each append that led here.
    - ``etag``: of that object, or of that multipart upload's one part, as the last of them wrote it.
    - ``segments``: the objects that hold the bytes, each but the last a multiple of the least part.
    """

    folder: str
    life: str = ""
    chain: tuple[str, ...] = ()
    etag: str = ""
    segments: tuple[Source, ...] = ()

    @property
    def record(self) -> bytes:
        """The content of the multipart upload's part, unlike any other's; its size tells how many appends led here."""
        last = self.chain[-1] if self.chain else "0" * _NONCE
        return last.encode() + b"." * len(self.chain)

    @staticmethod
    def depth_of(size: int) -> int:
        """How many appends led to the state whose record has this size."""
        return size - _NONCE

    def state(self, key: str, size: int) -> UploadState:
        """The state; raises StorageError where its token grew too large."""
        segments = [
            (name.removeprefix(self.folder), size) if whole else (name.removeprefix(self.folder), size, False)
            for name, size, whole in self.segments
        ]
        token = json.dumps([self.folder, self.life, self.chain, self.etag, segments], separators=(",", ":"))
        if len(token) > MAX_TOKEN_BYTES:
            message = "the upload came in too many small pieces; start again, with larger ones"
            raise failure(StorageError, "upload_append", key, message)
        return UploadState(key, size, token)

    @classmethod
    def of(cls, state: UploadState, operation: str) -> Draft:
        """What the state says; raises UploadUnknown where its token is not this driver's."""
        try:
            folder, life, chain, etag, segments = json.loads(state.token)
            sources = tuple(Source(folder + name, *rest) for name, *rest in segments)
        except (ValueError, TypeError) as error:
            raise unknown(Reporting(operation, state.key)) from error
        return cls(folder, life, tuple(chain), etag, sources)


def unknown(report: Reporting) -> UploadUnknown:
    """The upload has ended."""
    message = "the upload was committed or aborted, or never was; start again"
    return failure(UploadUnknown, report.operation, report.key, message)


def conflict(report: Reporting) -> UploadConflict:
    """The state has been overtaken."""
    message = "another append was made from an earlier state; ask where the upload stands"
    return failure(UploadConflict, report.operation, report.key, message)
