"""One object made of others, by the server itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from entrepot_contract import ObjectInfo
from entrepot_contract.parts import PartSender
from entrepot_storage_s3.bucket import Bucket, etag_of
from entrepot_storage_s3.failures import Reporting
from entrepot_storage_s3.multipart import MOST_PARTS, Parts
from entrepot_storage_s3.options import S3Options

__all__ = ["Copying", "Source"]


class Source(NamedTuple):
    """An object of the bucket, by its name there, and its size in bytes."""

    name: str
    size: int


class Copying:
    """Copies small objects by one request, and large ones in parts side by side."""

    def __init__(self, options: S3Options, bucket: Bucket) -> None:
        self._bucket = bucket
        self._threshold = options.copy_threshold
        self._chunk = options.multipartcopychunksize
        self._sender = PartSender(options.multipartcopymaxconcurrency, "s3-copy")

    def copy(self, sources: Sequence[Source], target: str, key: str, report: Reporting) -> ObjectInfo:
        """Make ``target``, whose key is ``key``, of all sources in their order; without any, an empty object.

        Every source but the last has at least the least size of a part. Raises NotFound where one is missing.
        """
        size = sum(source.size for source in sources)
        if not sources:
            return self._bucket.put(target, b"", Reporting(report.operation, key))
        if len(sources) == 1 and size <= self._threshold:
            with report:
                done = self._bucket.client.copy_object(
                    Bucket=self._bucket.name,
                    Key=target,
                    CopySource={"Bucket": self._bucket.name, "Key": sources[0].name},
                    **self._bucket.making,
                )["CopyObjectResult"]
            return ObjectInfo(key, size, done["LastModified"], etag_of(done.get("ETag")))
        pieces = _pieces(sources, max(self._chunk, size // (MOST_PARTS // 2)))
        with Parts(self._bucket, target, report) as parts:
            etag = parts.complete(self._sender.each(len(pieces), lambda index: parts.copy(index, *pieces[index])))
        return ObjectInfo(key, size, datetime.now(UTC), etag)

    def close(self) -> None:
        """End the threads; again is harmless."""
        self._sender.close()


def _pieces(sources: Sequence[Source], chunk: int) -> list[tuple[str, str | None]]:
    """Every source in spans of equal size, none below ``chunk`` bytes; a small source whole, as S3 wants it."""
    pieces: list[tuple[str, str | None]] = []
    for name, size in sources:
        count = size // chunk
        if count < 2:
            pieces.append((name, None))
            continue
        ends = [size * number // count for number in range(count + 1)]
        pieces.extend((name, f"bytes={start}-{end - 1}") for start, end in pairwise(ends))
    return pieces
