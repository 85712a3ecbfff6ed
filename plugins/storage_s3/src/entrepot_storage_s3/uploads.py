"""Uploads: every append writes a separate object, and the commit combines them."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import replace
from itertools import chain
from math import gcd
from threading import Lock
from typing import TYPE_CHECKING, Final

from entrepot_contract import Chunks, NotFound, ObjectInfo, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.prefix import Root
from entrepot_storage_s3.bucket import Bucket
from entrepot_storage_s3.copying import Copying, Source
from entrepot_storage_s3.draft import Draft, unknown
from entrepot_storage_s3.failures import Reporting
from entrepot_storage_s3.life import Life
from entrepot_storage_s3.multipart import Multipart, Parts
from entrepot_storage_s3.options import MIN_PART, S3Options
from entrepot_storage_s3.patience import patiently
from entrepot_storage_s3.register import Register, Swap

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

__all__ = ["Uploads"]

_LARGE: Final = 64 * 2**20
"""Minimum size of a large segment, in bytes."""


class Uploads:
    """Objects written by an append are never overwritten, so that every older state stays valid.

    Bytes at the end of a segment that do not fill a part are sent again, followed by the next bytes.
    """

    def __init__(
        self, options: S3Options, bucket: Bucket, root: Root, copying: Copying, swaps: Callable[[], bool]
    ) -> None:
        self._bucket = bucket
        self._root = root
        self._copying = copying
        self._swaps = swaps
        self._swap = Swap(bucket)
        self._life = Life(bucket)
        self._chunk = options.chunksize
        self._sender = PartSender(options.uploadconcurrency, "s3-part")
        self._tails = Tails()

    def start(self, key: str) -> UploadState:
        folder = self._root.working(f"uploads/{os.urandom(16).hex()}/")
        register: Register = self._swap if self._swaps() else self._life
        return register.begin(folder, Reporting("upload_start", key)).state(key, 0)

    def append(self, state: UploadState, data: Chunks) -> UploadState:
        report = Reporting("upload_append", state.key)
        draft = Draft.of(state, "upload_append")
        register = self._register(draft)
        if draft.chain:
            register.check(draft, report)
        nonce = os.urandom(6).hex()
        name, size = draft.folder + nonce, 0
        body = iter(data)
        first = next((chunk for chunk in body if len(chunk)), None)
        if first is not None:
            segments, head = self._cut(draft.segments, report)
            written = self._write(name, segments, chain((head, first), body), report)
            size = written - len(head)
            draft = replace(draft, segments=(*segments, Source(name, written)))
        try:
            advanced = replace(draft, chain=(*draft.chain, nonce))
            draft = patiently(lambda: register.advance(advanced, report))
        except UploadUnknown:
            # Only objects written by this append: a commit may be copying the others.
            self._bucket.delete([name, *register.written(draft)], report)
            raise
        except UploadConflict:
            self._bucket.delete([name], report)
            raise
        return draft.state(state.key, state.size + size)

    def commit(self, state: UploadState, target: str) -> ObjectInfo:
        report = Reporting("upload_commit", state.key)
        draft = Draft.of(state, "upload_commit")
        self._register(draft).end(draft, report)
        try:
            info = self._copying.copy(draft.segments, self._root.name(target), target, report)
        except NotFound as error:
            raise unknown(report) from error
        self._bucket.clear(draft.folder, report)
        if draft.segments:
            self._tails.take(draft.segments[-1].name)
        return info

    def abort(self, state: UploadState) -> None:
        report = Reporting("upload_abort", state.key)
        try:
            draft = Draft.of(state, "upload_abort")
        except UploadUnknown:
            return
        self._register(draft).drop(draft, report)
        # Multipart uploads left behind by killed processes.
        with report:
            found = self._bucket.client.list_multipart_uploads(Bucket=self._bucket.name, Prefix=draft.folder)
        for one in found.get("Uploads", []):
            Multipart(self._bucket, one["Key"], one["UploadId"]).drop(report)
        self._bucket.clear(draft.folder, report)

    def close(self) -> None:
        self._sender.close()

    def _register(self, draft: Draft) -> Register:
        return self._life if draft.life else self._swap

    def _cut(self, segments: tuple[Source, ...], report: Reporting) -> tuple[tuple[Source, ...], bytes]:
        """Return the segments to keep before a new one, and the bytes to send again at its start."""
        if not segments:
            return (), b""
        last = segments[-1]
        rest = last.size % _grid(segments[:-1], last.size)
        if not rest:
            return segments, b""
        kept = () if rest == last.size else (Source(last.name, last.size - rest, whole=False),)
        return (*segments[:-1], *kept), self._tail(last, rest, report)

    def _write(self, name: str, before: tuple[Source, ...], data: Chunks, report: Reporting) -> int:
        """Write the segment that follows those in ``before``; return its size."""
        with Parts(self._bucket, name, report) as parts:

            def put(index: int, part: bytearray) -> CompletedPartTypeDef:
                try:
                    return parts.put(index, part)
                except NotFound as error:
                    raise unknown(report) from error  # an abort has deleted the parts

            done, rest = self._sender.send(data, self._chunk, put)
            size = len(done) * self._chunk + len(rest)
            if done:
                if rest:
                    done.append(put(len(done), rest))
                try:
                    parts.complete(done)
                except NotFound as error:
                    raise unknown(report) from error
            else:
                patiently(lambda: self._bucket.put(name, rest, report))
        tail = size % _grid(before, size)
        if 0 < tail <= min(len(rest), Tails.LIMIT):
            self._tails.keep(name, bytes(rest[-tail:]))
        return size

    def _tail(self, segment: Source, size: int, report: Reporting) -> bytes:
        """Return the last ``size`` bytes of a segment."""
        kept = self._tails.take(segment.name)
        if kept is not None:
            return kept
        span = None if size == segment.size else f"bytes={segment.size - size}-{segment.size - 1}"
        try:
            return self._bucket.get(segment.name, report, span)
        except NotFound as error:
            raise unknown(report) from error


def _grid(before: tuple[Source, ...], size: int) -> int:
    """Return the number of bytes of which the size of a segment must be a multiple if another one follows.

    - All segments of an upload have a common divisor that is a valid part size.
    - Few bytes are sent again after a small segment, and a large one needs few parts; a host's slices of 256 MiB are
      multiples already.
    """
    common = gcd(*(segment.size for segment in before))
    if not before:
        return MIN_PART if size < _LARGE else _LARGE // 2
    least = MIN_PART if common % MIN_PART == 0 else _LARGE // 8
    return least if size < _LARGE else _LARGE // 2 // least * least


class Tails:
    """A cache of the last bytes of segments written by this process, so that the next append need not read them."""

    LIMIT: Final = 2 * MIN_PART

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def keep(self, name: str, data: bytes) -> None:
        with self._lock:
            self._kept[name] = data
            self._size += len(data)
            while self._size > self.LIMIT:
                self._size -= len(self._kept.popitem(last=False)[1])

    def take(self, name: str) -> bytes | None:
        with self._lock:
            data = self._kept.pop(name, None)
            self._size -= len(data or b"")
            return data
