"""Multipart uploads (Amazon S3, "Uploading and copying objects using multipart upload")."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypedDict

from botocore.exceptions import ClientError

from entrepot_contract import StorageError
from entrepot_storage_s3.bucket import Bucket, body_of, etag_of
from entrepot_storage_s3.failures import Reporting, code_of, failure
from entrepot_storage_s3.patience import patiently

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

__all__ = ["GONE", "MAX_PARTS", "Multipart", "Parts"]

GONE: Final = {"NoSuchUpload", "NoSuchKey"}
"""Error codes for a multipart upload that has ended."""

MAX_PARTS: Final = 10_000
"""Maximum number of parts of an object (Amazon S3, "Multipart upload limits")."""


class Spanned(TypedDict, total=False):
    """The range of a copy."""

    CopySourceRange: str


class Multipart:
    """The requests of one multipart upload; each raises the SDK's exceptions."""

    def __init__(self, bucket: Bucket, name: str, upload: str) -> None:
        self._bucket = bucket
        self._client = bucket.client
        self._name = name
        self.upload = upload

    @classmethod
    def begin(cls, bucket: Bucket, name: str) -> Self:
        """Start a multipart upload."""
        made = bucket.client.create_multipart_upload(Bucket=bucket.name, Key=name, **bucket.making)
        return cls(bucket, name, made["UploadId"])

    def put(self, number: int, data: bytes | bytearray) -> CompletedPartTypeDef:
        """Upload a part, replacing an earlier one with the same number."""
        done = self._client.upload_part(
            Bucket=self._bucket.name, Key=self._name, UploadId=self.upload, PartNumber=number, Body=body_of(data)
        )
        return {"PartNumber": number, "ETag": done["ETag"]}

    def copy(self, number: int, source: str, span: str | None) -> CompletedPartTypeDef:
        """Copy an object in the bucket, or a range of it (a value of the Range header), into a part."""
        spanned: Spanned = {} if span is None else {"CopySourceRange": span}
        done = self._client.upload_part_copy(
            Bucket=self._bucket.name,
            Key=self._name,
            UploadId=self.upload,
            PartNumber=number,
            CopySource={"Bucket": self._bucket.name, "Key": source},
            **spanned,
        )
        return {"PartNumber": number, "ETag": done["CopyPartResult"]["ETag"]}

    def first(self) -> tuple[str | None, int]:
        """Return the etag and size of the first part, or (None, 0) if there is none."""
        done = self._client.list_parts(Bucket=self._bucket.name, Key=self._name, UploadId=self.upload, MaxParts=1)
        parts = done.get("Parts", [])
        return (etag_of(parts[0]["ETag"]), parts[0]["Size"]) if parts else (None, 0)

    def complete(self, parts: list[CompletedPartTypeDef]) -> str | None:
        """Create the object; return its etag, if the server sends it."""
        done = self._client.complete_multipart_upload(
            Bucket=self._bucket.name, Key=self._name, UploadId=self.upload, MultipartUpload={"Parts": parts}
        )
        return etag_of(done.get("ETag"))

    def abort(self) -> None:
        """Delete all parts."""
        self._client.abort_multipart_upload(Bucket=self._bucket.name, Key=self._name, UploadId=self.upload)

    def drop(self, report: Reporting) -> None:
        """Delete all parts; raises the contract's errors. Idempotent."""
        with report:
            try:
                self.abort()
            except ClientError as error:
                if code_of(error) not in GONE:
                    raise


class Parts:
    """The parts of one new object, used by several threads; started with the first part, aborted after an error."""

    def __init__(self, bucket: Bucket, name: str, report: Reporting) -> None:
        self._bucket = bucket
        self._name = name
        self._report = report
        self._lock = Lock()
        self._multipart: Multipart | None = None

    def put(self, index: int, data: bytes | bytearray) -> CompletedPartTypeDef:
        """Upload the part with this index, starting from 0."""

        def put() -> CompletedPartTypeDef:
            with self._report:
                return self._begun(index).put(index + 1, data)

        return patiently(put)

    def copy(self, index: int, source: str, span: str | None) -> CompletedPartTypeDef:
        """Copy an object, or a range of it, into the part with this index."""

        def copy() -> CompletedPartTypeDef:
            with self._report:
                return self._begun(index).copy(index + 1, source, span)

        return patiently(copy)

    def complete(self, parts: list[CompletedPartTypeDef]) -> str | None:
        """Create the object; return its etag, if the server sends it."""
        tries = 0

        def complete() -> str | None:
            nonlocal tries
            tries += 1
            with self._report:
                try:
                    return self._begun(0).complete(parts)
                except ClientError as error:
                    repeated = tries > 1 or error.response["ResponseMetadata"]["RetryAttempts"]
                    if code_of(error) != "NoSuchUpload" or not repeated:
                        raise
                    # The first attempt had succeeded, and its response was lost.
                    return self._bucket.head(self._name, self._report).etag

        return patiently(complete)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._multipart is not None:
            # The first error is reported; remaining parts are deleted with the upload, or by a lifecycle rule.
            with suppress(StorageError), self._report:
                self._multipart.abort()

    def _begun(self, index: int) -> Multipart:
        if index >= MAX_PARTS:
            message = f"more than {MAX_PARTS} parts would be needed; increase the option chunksize"
            raise failure(StorageError, self._report.operation, self._report.key, message)
        with self._lock:
            if self._multipart is None:
                self._multipart = Multipart.begin(self._bucket, self._name)
            return self._multipart
