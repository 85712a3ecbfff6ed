"""The objects of one bucket by their names there."""

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

__all__ = ["MOST_DELETED", "Bucket", "body_of", "etag_of"]

MOST_DELETED: Final = 1000
"""How many objects one request deletes (Amazon S3, "DeleteObjects")."""

_NOT_SWAPPED: Final = {"PreconditionFailed", "412", "NoSuchKey", "404", "ConditionalRequestConflict"}


class Making(TypedDict, total=False):
    """What every request that makes an object says of it."""

    ACL: ObjectCannedACLType
    ServerSideEncryption: ServerSideEncryptionType
    SSEKMSKeyId: str
    StorageClass: StorageClassType


class Spanned(TypedDict, total=False):
    """Which bytes of an object are read."""

    Range: str


class Bucket:
    """One bucket, and what is said of everything that is written to it."""

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
        """Write an object; with ``create``, raise AlreadyExists where there is one."""
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
                    raise failure(AlreadyExists, report.operation, report.key, "the key has an object") from error
                # The first try had worked, and its answer was lost.
                return self.head(name, report)
        self._seen = True
        return ObjectInfo(report.key or name, len(data), _answered(done["ResponseMetadata"]), etag_of(done["ETag"]))

    def swap(self, name: str, data: bytes, etag: str, report: Reporting) -> str | None:
        """Replace the object that has this etag; its new etag, or None if it is another one or not there."""
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
        """The etag and the content of a small object, or None if it is not there."""
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
        """A whole object, or a span of it as the Range header writes one; it is small. Raises NotFound."""
        spanned: Spanned = {} if span is None else {"Range": span}
        with report, self.client.get_object(Bucket=self.name, Key=name, **spanned)["Body"] as body:
            return body.read()

    def head(self, name: str, report: Reporting) -> ObjectInfo:
        """What is known of an object; raises NotFound."""
        with report:
            try:
                found = self.client.head_object(Bucket=self.name, Key=name)
            except ClientError as error:
                # An answer to HEAD has no body, and so no code that tells a missing object from a missing bucket.
                if code_of(error) == "404" and not self._seen:
                    self.check(self.client)
                raise
        self._seen = True
        return ObjectInfo(report.key or name, found["ContentLength"], found["LastModified"], etag_of(found["ETag"]))

    def check(self, client: S3Client) -> None:
        """Raise the SDK's error, with the code NoSuchBucket, where the bucket is not there."""
        try:
            client.head_bucket(Bucket=self.name)
        except ClientError as error:
            if code_of(error) == "404":
                error.response["Error"]["Code"] = "NoSuchBucket"
            raise
        self._seen = True

    def delete(self, names: Sequence[str], report: Reporting) -> dict[str, ErrorTypeDef]:
        """Delete at most 1,000 objects; what S3 said of each that is still there."""
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
                    # Some servers call it an error where there was no object.
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
                        said = error.response["Error"]
                        failed[name] = {"Key": name, "Code": said.get("Code", ""), "Message": said.get("Message", "")}
        return failed

    def delete_all(self, names: Sequence[str], report: Reporting) -> None:
        """Delete at most 1,000 working objects; raises StorageError where one is still there."""
        for error in self.delete(names, report).values() if names else ():
            message = f"S3 kept {error.get('Key')}: {error.get('Code')} {error.get('Message')}; delete it by hand"
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
    """A body as the SDK sends it best: of bytes it makes a file, and asks leave, a round trip, before it sends one."""
    return cast("bytes", data if isinstance(data, bytearray) else bytearray(data))


def etag_of(text: str | None) -> str | None:
    """An etag without its quotes, which some servers leave out; None if there is none."""
    return (text or "").strip('"') or None


def _answered(answer: ResponseMetadataTypeDef) -> datetime:
    """When the server answered, by its own clock: a PUT is told no other time."""
    told = answer["HTTPHeaders"].get("date")
    return parsedate_to_datetime(told).astimezone(UTC) if told else datetime.now(UTC)


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
