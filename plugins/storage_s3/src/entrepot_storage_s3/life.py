"""Upload registers on servers without conditional requests: which state is the last, and which call ends the upload."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import md5
from typing import Final

from botocore.exceptions import ClientError

from entrepot_contract import NotFound, UploadConflict
from entrepot_storage_s3.bucket import Bucket, etag_of
from entrepot_storage_s3.draft import Draft, conflict, unknown
from entrepot_storage_s3.failures import Reporting, code_of
from entrepot_storage_s3.multipart import GONE, Multipart

__all__ = ["Life"]

PAUSES: Final = (0.05, 0.2, 0.8, 0)
"""Delays in seconds while another call completes the upload: Ceph returns an error at once instead of waiting."""


class Life:
    """A register for each upload, built from operations that are atomic on every S3 server.

    - The register is a multipart upload with one small part. Writing the part determines which state is the last, and
      fails once the upload has ended.
    - Completing it with the part's etag ends the upload if that state is still the last, and succeeds only once.
    - From the second append on, an additional object contains the nonces of all appends that led to the last state.
      It is only read for a state that is not the last, to decide whether it is an ancestor or was overtaken.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def begin(self, folder: str, report: Reporting) -> Draft:
        """Start an upload."""
        with report:
            return Draft(folder, Multipart.begin(self._bucket, _name(folder)).upload)

    def check(self, draft: Draft, report: Reporting) -> None:
        """Raise UploadUnknown or UploadConflict if nothing can be appended to this state."""
        with report:
            try:
                etag, size = self._multipart(draft).first()
            except ClientError as error:
                if code_of(error) in GONE:
                    raise unknown(report) from error
                raise
        depth = len(draft.chain)
        if etag != draft.etag:
            deeper = draft.depth_of(size) > depth
            if not deeper or self._chain(draft, report)[:depth] != draft.chain:
                raise conflict(report)

    def advance(self, draft: Draft, report: Reporting) -> Draft:
        """Make this state the last one; raises UploadUnknown."""
        if len(draft.chain) > 1:
            self._bucket.put(_chain_of(draft), json.dumps(draft.chain).encode(), report)
        return self._write(draft, report)

    def end(self, draft: Draft, report: Reporting) -> None:
        """End the upload with this state; raises UploadUnknown and UploadConflict.

        The same state can end it again until its working objects are deleted: a commit may be interrupted after this.
        """
        if not draft.chain:
            return self._complete(self._write(draft, report), report)
        try:
            return self._complete(draft, report)
        except UploadConflict:
            # An older state: reset the upload to it.
            self.check(draft, report)
            return self._complete(self._write(draft, report), report)

    def drop(self, draft: Draft, report: Reporting) -> None:
        """End the upload without any state. Idempotent."""
        self._multipart(draft).drop(report)

    def written(self, draft: Draft) -> list[str]:
        """Return the name of the object with the nonces."""
        return [_chain_of(draft)]

    def _multipart(self, draft: Draft) -> Multipart:
        return Multipart(self._bucket, _name(draft.folder), draft.life)

    def _write(self, draft: Draft, report: Reporting) -> Draft:
        with report:
            try:
                part = self._multipart(draft).put(1, draft.record)
            except ClientError as error:
                if self._has_ended(draft, error):
                    raise unknown(report) from error
                raise
        return replace(draft, etag=etag_of(part["ETag"]) or "")

    def _complete(self, draft: Draft, report: Reporting) -> None:
        with report:
            etag = self._completed(draft, report)
        # Some servers also return success if another state has ended the upload.
        if etag and etag != _etag_of_one(draft.etag):
            try:
                record = self._bucket.get(_name(draft.folder), report)
            except NotFound as error:
                raise unknown(report) from error
            if record != draft.record:
                raise conflict(report)

    def _completed(self, draft: Draft, report: Reporting) -> str | None:
        for pause in PAUSES:
            try:
                return self._multipart(draft).complete([{"PartNumber": 1, "ETag": draft.etag}])
            except ClientError as error:
                if code_of(error) == "InvalidPart":
                    raise conflict(report) from error
                if self._has_ended(draft, error):
                    break
                if code_of(error) != "InternalError" or not pause:
                    raise
            time.sleep(pause)
        return "ended before"

    def _has_ended(self, draft: Draft, error: ClientError) -> bool:
        if code_of(error) in GONE:
            return True
        if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            return False
        # Ceph returns this for a completion after the upload has ended, and moto for any call.
        try:
            self._multipart(draft).first()
        except ClientError as found:
            if code_of(found) not in GONE:
                raise
            return True
        return False

    def _chain(self, draft: Draft, report: Reporting) -> tuple[str, ...]:
        with suppress(NotFound):
            return tuple(json.loads(self._bucket.get(_chain_of(draft), report)))
        return ()


def _name(folder: str) -> str:
    return f"{folder}life"


def _chain_of(draft: Draft) -> str:
    return f"{draft.folder}chain"


def _etag_of_one(etag: str) -> str:
    """Return the etag of an object with one part, unless the server encrypts with its own key."""
    with suppress(ValueError):
        return f"{md5(bytes.fromhex(etag), usedforsecurity=False).hexdigest()}-1"
    return ""
