"""Composition of an object from others, by the server itself if it supports this."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, pairwise
from math import gcd
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError

from entrepot_contract import ObjectInfo, StorageError
from entrepot_contract.toolkit.parts import PartSender
from entrepot_storage_s3.bucket import Bucket, etag_of
from entrepot_storage_s3.failures import Reporting, is_lacking
from entrepot_storage_s3.multipart import MAX_PARTS, Parts
from entrepot_storage_s3.options import MIN_PART, S3Options

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

__all__ = ["Copying", "Source"]

_SENT: Final = 16 * 2**20
"""The size in bytes of parts that are copied through the host; ``uploadconcurrency`` of them are in memory at once."""

_log = logging.getLogger(__name__)


class Source(NamedTuple):
    """An object in the bucket, or its first bytes; ``size`` is in bytes."""

    name: str
    size: int
    whole: bool = True


class _Piece(NamedTuple):
    """A range of a source that becomes one part."""

    source: Source
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def span(self) -> str | None:
        """The range as a value of the Range header; None for a complete object, which may be too small for a range."""
        if self.source.whole and self.size == self.source.size:
            return None
        return f"bytes={self.start}-{self.end - 1}"


class Copying:
    """Copies small objects with one request, and large ones in concurrent parts.

    Parts that the server cannot copy are read and uploaded by the host: all parts if the server does not support
    UploadPartCopy, and a small last part if it does not copy parts that small.
    """

    def __init__(self, options: S3Options, bucket: Bucket) -> None:
        self._bucket = bucket
        self._threshold = options.copy_threshold
        self._chunk = options.multipartcopychunksize
        self._sender = PartSender(options.multipartcopymaxconcurrency, "s3-copy")
        self._sending = BoundedSemaphore(options.uploadconcurrency)
        self._copies_objects = self._copies_parts = True

    def copy(self, sources: Sequence[Source], target: str, key: str, report: Reporting) -> ObjectInfo:
        """Create ``target``, whose key is ``key``, from all sources in order; without sources, an empty object.

        Every source but the last must have at least the minimum part size. Raises NotFound if one is missing.
        """
        size = sum(source.size for source in sources)
        if not size:
            return self._bucket.put(target, b"", Reporting(report.operation, key))
        if len(sources) == 1 and size <= self._threshold and self._copies_objects:
            try:
                return self._copy_object(sources[0], target, key, report)
            except StorageError as error:
                if not is_lacking(error.__cause__):
                    raise
                self._copies_objects = False
        if self._copies_parts:
            try:
                return self._make(sources, target, key, report, copies=True)
            except StorageError as error:
                if not is_lacking(error.__cause__):
                    raise
                self._copies_parts = False
                _log.warning(
                    "server cannot copy parts, large blobs are copied by this host bucket=%s", self._bucket.name
                )
        return self._make(sources, target, key, report, copies=False)

    def close(self) -> None:
        """Stop the threads. Idempotent."""
        self._sender.close()

    def _copy_object(self, source: Source, target: str, key: str, report: Reporting) -> ObjectInfo:
        with report:
            done = self._bucket.client.copy_object(
                Bucket=self._bucket.name,
                Key=target,
                CopySource={"Bucket": self._bucket.name, "Key": source.name},
                **self._bucket.making,
            )["CopyObjectResult"]
            return ObjectInfo(key, source.size, done["LastModified"], etag_of(done.get("ETag")))

    def _make(self, sources: Sequence[Source], target: str, key: str, report: Reporting, *, copies: bool) -> ObjectInfo:
        size = sum(source.size for source in sources)
        pieces = _pieces(sources, max(self._chunk if copies else min(self._chunk, _SENT), size // (MAX_PARTS // 2)))
        with Parts(self._bucket, target, report) as parts:

            def make(index: int) -> CompletedPartTypeDef:
                return self._make_part(parts, index, pieces[index], report, copies=copies)

            etag = parts.complete(self._sender.each(len(pieces), make))
        return ObjectInfo(key, size, datetime.now(UTC), etag)

    def _make_part(
        self, parts: Parts, index: int, piece: _Piece, report: Reporting, *, copies: bool
    ) -> CompletedPartTypeDef:
        if copies:
            try:
                return parts.copy(index, piece.name, piece.span)
            except StorageError as error:
                if piece.size >= MIN_PART or not _is_refused(error.__cause__):
                    raise
        with self._sending:
            return parts.put(index, self._bucket.get(piece.name, report, piece.span))


def _is_refused(error: BaseException | None) -> bool:
    return isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def _pieces(sources: Sequence[Source], largest: int) -> list[_Piece]:
    """Split all sources into pieces of one size of at most ``largest`` bytes; only the last may be smaller.

    Some servers require this (Cloudflare R2). If no such size divides all sources but the last, each source is split
    into pieces of its own size, which are not smaller than ``largest`` bytes unless the source is.
    """
    size = _common_size([source.size for source in sources[:-1]], largest)
    if size is not None and sum(-(-source.size // size) for source in sources) <= MAX_PARTS:
        return [
            _Piece(source, start, min(start + size, source.size))
            for source in sources
            for start in range(0, source.size, size)
        ]
    pieces: list[_Piece] = []
    for source in sources:
        count = max(1, source.size // largest)
        ends = [source.size * number // count for number in range(count + 1)]
        pieces += [_Piece(source, start, end) for start, end in pairwise(ends)]
    return pieces


def _common_size(sizes: Sequence[int], largest: int) -> int | None:
    """Return a part size that divides all ``sizes``, or None if there is none.

    This is the largest one up to ``largest`` bytes, or else the smallest one up to twice that.
    """
    common = gcd(*sizes)
    if not common:
        return largest
    most = -(-common // largest)
    counts = chain(range(most, common // MIN_PART + 1), range(most - 1, common // (2 * largest), -1))
    return next((common // count for count in counts if common % count == 0), None)
