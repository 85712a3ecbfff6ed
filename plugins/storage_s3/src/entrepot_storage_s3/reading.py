"""The bytes of an object, or of a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from entrepot_contract import ObjectInfo, RangeError
from entrepot_contract.reading import BodyReader
from entrepot_storage_s3.bucket import Bucket, etag_of
from entrepot_storage_s3.failures import NAME, Reporting, code_of, failure

if TYPE_CHECKING:
    from botocore.response import StreamingBody

__all__ = ["read"]

CHUNK: Final = 2**20


def read(bucket: Bucket, name: str, key: str, offset: int, length: int | None) -> BodyReader:
    """A reader; one request, and one more where the range is empty or begins after the object."""
    report = Reporting("read", key)
    if length == 0:
        return _nothing(bucket, name, offset, report)
    end = "" if length is None else offset + length - 1
    with report:
        try:
            if offset or length is not None:
                got = bucket.client.get_object(Bucket=bucket.name, Key=name, Range=f"bytes={offset}-{end}")
            else:
                got = bucket.client.get_object(Bucket=bucket.name, Key=name)
        except ClientError as error:
            if code_of(error) not in {"InvalidRange", "416"}:
                raise
            return _nothing(bucket, name, offset, report)
    size = int(got.get("ContentRange", "").rpartition("/")[2] or got["ContentLength"])
    info = ObjectInfo(key, size, got["LastModified"], etag_of(got["ETag"]))
    body = got["Body"]
    return BodyReader(info, _chunks(body), got["ContentLength"], driver=NAME, close=body.close, failed=report.meaning)


def _chunks(body: StreamingBody) -> Iterator[bytes]:
    while chunk := body.read(CHUNK):
        yield chunk


def _nothing(bucket: Bucket, name: str, offset: int, report: Reporting) -> BodyReader:
    info = bucket.head(name, report)
    if offset > info.size:
        raise failure(RangeError, "read", report.key, f"begins at {offset}, and the object has {info.size} bytes")
    return BodyReader(info, iter(()), 0, driver=NAME, close=_done, failed=report.meaning)


def _done() -> None:
    """Nothing is open."""
