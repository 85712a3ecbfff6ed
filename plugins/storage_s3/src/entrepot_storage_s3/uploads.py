"""Uploads: every append writes an object of its own, and the commit makes one of them all."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from entrepot_contract import Chunks, NotFound, ObjectInfo, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.parts import PartSender
from entrepot_contract.rooted import Root
from entrepot_storage_s3.bucket import Bucket
from entrepot_storage_s3.copying import Copying, Source
from entrepot_storage_s3.draft import Draft, unknown
from entrepot_storage_s3.failures import Reporting
from entrepot_storage_s3.life import Life
from entrepot_storage_s3.multipart import Multipart, Parts
from entrepot_storage_s3.options import MIN_PART, S3Options
from entrepot_storage_s3.register import Register, Swap

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Uploads"]


class Uploads:
    """Nothing that an append has written is ever overwritten, so that every older state stays whole.

    A segment that is too small to be a part of the whole is sent again, with the next bytes behind it.
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
        segments = draft.segments
        head = b""
        if segments and segments[-1].size < MIN_PART:
            head = self._tail(segments[-1], report)
            segments = segments[:-1]
        name = draft.folder + nonce
        size = self._write(name, data, head, report)
        if size > len(head):
            draft = replace(draft, segments=(*segments, Source(name, size)))
        try:
            draft = register.advance(replace(draft, chain=(*draft.chain, nonce)), report)
        except UploadUnknown:
            # Only what this append has written: a commit may be copying the rest.
            self._bucket.delete([name, *register.written(draft)], report)
            raise
        except UploadConflict:
            self._bucket.delete([name], report)
            raise
        return draft.state(state.key, state.size + size - len(head))

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
        draft = Draft.of(state, "upload_abort")
        self._register(draft).drop(draft, report)
        # What killed processes have left.
        with report:
            found = self._bucket.client.list_multipart_uploads(Bucket=self._bucket.name, Prefix=draft.folder)
        for one in found.get("Uploads", []):
            Multipart(self._bucket, one["Key"], one["UploadId"]).drop(report)
        self._bucket.clear(draft.folder, report)

    def close(self) -> None:
        self._sender.close()

    def _register(self, draft: Draft) -> Register:
        return self._life if draft.life else self._swap

    def _write(self, name: str, data: Chunks, head: bytes, report: Reporting) -> int:
        """Write a segment of ``head`` and ``data``, and nothing where there is no data; the size of both."""
        with Parts(self._bucket, name, report) as parts:
            done, rest = self._sender.send(data, self._chunk, parts.put, head=head)
            if done:
                size = len(done) * self._chunk + len(rest)
                if rest:
                    done.append(parts.put(len(done), rest))
                parts.complete(done)
                return size
        if len(rest) > len(head):
            self._bucket.put(name, rest, report)
            if len(rest) < MIN_PART:
                self._tails.keep(name, bytes(rest))
        return len(rest)

    def _tail(self, segment: Source, report: Reporting) -> bytes:
        kept = self._tails.take(segment.name)
        if kept is not None:
            return kept
        try:
            return self._bucket.get(segment.name, report)
        except NotFound as error:
            raise unknown(report) from error


class Tails:
    """The last small segments that this process has written, so that the next append need not read them again."""

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
