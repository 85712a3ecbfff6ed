"""Requests for the objects of one bucket, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, TypedDict, cast

from botocore.exceptions import ClientError

from entrepot_contract import AlreadyExists, ObjectInfo, StorageError
from entrepot_storage_s3.client import Clients
from entrepot_storage_s3.failures import Reporting, code_of, failure, is_lacking
from entrepot_storage_s3.options import S3Options

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ObjectCannedACLType, ServerSideEncryptionType, StorageClassType
    from mypy_boto3_s3.type_defs import ErrorTypeDef, ResponseMetadataTypeDef

__all__ = ["MAX_DELETED", "Bucket", "body_of", "etag_of"]

MAX_DELETED: Final = 1000
"""Maximum number of objects that one request deletes (Amazon S3, "DeleteObjects")."""

_NOT_SWAPPED: Final = {"PreconditionFailed", "412", "NoSuchKey", "404", "ConditionalRequestConflict"}


class Making(TypedDict, total=False):
    """Parameters of every request that creates an object."""

    ACL: ObjectCannedACLType
    ServerSideEncryption: ServerSideEncryptionType
    SSEKMSKeyId: str
    StorageClass: StorageClassType


class Spanned(TypedDict, total=False):
    """The range of a read."""

    Range: str


class Bucket:
    """One bucket, and the parameters of all objects written to it."""

    def __init__(self, options: S3Options, clients: Clients) -> None:
        self.name = options.bucket
        self.making = _making(options)
        self._clients = clients
        self._seen = False
        self._deletes_many = True

    @property
    def client(self) -> S3Client:
        """The SDK's client."""
        return self._clients.objects

    def put(self, name: str, data: bytes | bytearray, report: Reporting, *, create: bool = False) -> ObjectInfo:
        """Write an object; with ``create``, raises AlreadyExists if the name exists."""
        body = body_of(data)
        with report:
            try:
                if create:
                    done = self.client.put_object(Bucket=self.name, Key=name, Body=body, IfNoneMatch="*", **self.making)
                else:
                    done = self.client.put_object(Bucket=self.name, Key=name, Body=body, **self.making)
            except ClientError as error:
                if code_of(error) not in {"PreconditionFailed", "412"}:
                    raise
                if not (error.response["ResponseMetadata"]["RetryAttempts"] and self.get(name, report) == data):
                    raise failure(AlreadyExists, report.operation, report.key, "the key already exists") from error
                # The first attempt had succeeded, and its response was lost.
                return self.head(name, report)
            self._seen = True
            return ObjectInfo(
                report.key or name, len(data), _response_time(done["ResponseMetadata"]), etag_of(done["ETag"])
            )

    def swap(self, name: str, data: bytes, etag: str, report: Reporting) -> str | None:
        """Replace the object if it has this etag; return the new etag, or None if it has another etag or is missing."""
        with report:
            try:
                done = self.client.put_object(
                    Bucket=self.name, Key=name, Body=body_of(data), IfMatch=f'"{etag}"', **self.making
                )
            except ClientError as error:
                if code_of(error) not in _NOT_SWAPPED:
                    raise
                return None
            return etag_of(done["ETag"])

    def find(self, name: str, report: Reporting) -> tuple[str, bytes] | None:
        """Return the etag and content of a small object, or None if it does not exist."""
        with report:
            try:
                got = self.client.get_object(Bucket=self.name, Key=name)
            except ClientError as error:
                if code_of(error) != "NoSuchKey":
                    raise
                return None
            with got["Body"] as body:
                return etag_of(got["ETag"]) or "", body.read()

    def get(self, name: str, report: Reporting, span: str | None = None) -> bytes:
        """Return a small object, or a range of it (a value of the Range header). Raises NotFound."""
        spanned: Spanned = {} if span is None else {"Range": span}
        with report, self.client.get_object(Bucket=self.name, Key=name, **spanned)["Body"] as body:
            return body.read()

    def head(self, name: str, report: Reporting) -> ObjectInfo:
        """Return the info of an object; raises NotFound."""
        with report:
            try:
                found = self.client.head_object(Bucket=self.name, Key=name)
            except ClientError as error:
                # A response to HEAD has no body, and so no code to distinguish a missing object from a missing bucket.
                if code_of(error) == "404" and not self._seen:
                    self.check(self.client)
                raise
            self._seen = True
            return ObjectInfo(report.key or name, found["ContentLength"], found["LastModified"], etag_of(found["ETag"]))

    def check(self, client: S3Client) -> None:
        """Raise the SDK's error, with the code NoSuchBucket, if the bucket does not exist."""
        try:
            client.head_bucket(Bucket=self.name)
        except ClientError as error:
            if code_of(error) == "404":
                error.response["Error"]["Code"] = "NoSuchBucket"
            raise
        self._seen = True

    def delete(self, names: Sequence[str], report: Reporting) -> dict[str, ErrorTypeDef]:
        """Delete at most 1,000 objects; return the error of each that could not be deleted."""
        if self._deletes_many:
            with report:
                try:
                    done = self.client.delete_objects(
                        Bucket=self.name, Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
                    )
                except ClientError as error:
                    if not is_lacking(error):
                        raise
                    self._deletes_many = False
                else:
                    # Some servers report a missing object as an error.
                    errors = [error for error in done.get("Errors", []) if error.get("Code") != "NoSuchKey"]
                    return {error.get("Key", ""): error for error in errors}
        return self._delete_one_by_one(names, report)

    def _delete_one_by_one(self, names: Sequence[str], report: Reporting) -> dict[str, ErrorTypeDef]:
        failed: dict[str, ErrorTypeDef] = {}
        with report:
            for name in names:
                try:
                    self.client.delete_object(Bucket=self.name, Key=name)
                except ClientError as error:
                    if is_lacking(error) or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                        raise
                    if code_of(error) not in {"NoSuchKey", "404"}:
                        reported = error.response["Error"]
                        code, message = reported.get("Code", ""), reported.get("Message", "")
                        failed[name] = {"Key": name, "Code": code, "Message": message}
        return failed

    def delete_all(self, names: Sequence[str], report: Reporting) -> None:
        """Delete at most 1,000 working objects; raises StorageError if one could not be deleted."""
        for error in self.delete(names, report).values() if names else ():
            message = (
                f"S3 did not delete {error.get('Key')}: {error.get('Code')} {error.get('Message')}; delete it manually"
            )
            raise failure(StorageError, report.operation, report.key, message)

    def clear(self, folder: str, report: Reporting) -> None:
        """Delete every object whose name begins with ``folder``."""
        truncated = True
        while truncated:
            with report:
                page = self.client.list_objects_v2(Bucket=self.name, Prefix=folder)
            names = [found["Key"] for found in page.get("Contents", [])]
            self.delete_all(names, report)
            truncated = page["IsTruncated"]


def body_of(data: bytes | bytearray) -> bytes:
    """Return a bytearray, which the SDK sends at once; for bytes it adds ``Expect: 100-continue``, a round trip."""
    return cast("bytes", data if isinstance(data, bytearray) else bytearray(data))


def etag_of(text: str | None) -> str | None:
    """Return an etag without quotes, which some servers omit, or None if there is none."""
    return (text or "").strip('"') or None


def _response_time(metadata: ResponseMetadataTypeDef) -> datetime:
    """Return the Date header, from the server's clock: a response to PUT contains no other time."""
    date = metadata["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).astimezone(UTC) if date else datetime.now(UTC)


def _making(options: S3Options) -> Making:
    making: Making = {}
    if options.objectacl != "private":
        making["ACL"] = options.objectacl
    if options.storageclass != "NONE" and options.storageclass != "STANDARD":
        making["StorageClass"] = options.storageclass
    if options.encrypt:
        making["ServerSideEncryption"] = "aws:kms" if options.keyid else "AES256"
        if options.keyid:
            making["SSEKMSKeyId"] = options.keyid
    return making
