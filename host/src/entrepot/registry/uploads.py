"""Uploads of blobs: slices are appended, the digest is verified, and the blob becomes readable in one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import NoReturn
from uuid import uuid4

from entrepot.errors import BlobUploadUnknown, DigestInvalid, RangeInvalid
from entrepot.registry import layout
from entrepot.registry.blobs import Blobs
from entrepot.registry.body import CHUNK, ActiveUploads, Body, HashingStream
from entrepot.registry.names import Digest, new_hasher
from entrepot.registry.store import Store
from entrepot.registry.upload_records import UploadRecord, UploadRecords
from entrepot_contract import NotFound, StorageError, UploadConflict, UploadState, UploadUnknown

__all__ = ["Committed", "Uploads"]


@dataclass(frozen=True, slots=True)
class Committed:
    """The blob created by an upload."""

    digest: Digest
    size: int


class Uploads:
    """The uploads of all repositories (distribution-spec, "Pushing blobs").

    A crash at any point leaves no blob or a complete one, and at most an upload that is purged later. A small blob is
    held in the upload's record and written by one ``put``: the driver's upload starts when that limit is exceeded.
    """

    def __init__(self, store: Store, blobs: Blobs, slice_size: int, held: int) -> None:
        self._store = store
        self._blobs = blobs
        self._slice = slice_size
        self._held = held
        self._records = UploadRecords(store)
        self._turns = UploadLocks()
        self._receiving = ActiveUploads()

    def start(self, name: str, algorithm: str = "sha256") -> UploadRecord:
        """Start an upload; its first record contains no data."""
        record = self._new(name, algorithm)
        self._records.add(record)
        return record

    def status(self, name: str, uuid: str) -> UploadRecord:
        """Returns the state of an upload, whichever host received its bytes."""
        return self._records.current(name, uuid)

    def append(self, name: str, uuid: str, number: int, body: Body, offset: int | None) -> UploadRecord:
        """Append a body to an upload whose client expects ``number`` slices and ``offset`` bytes.

        - Raises RangeInvalid if the upload is at another position, BlobUploadUnknown if it has ended.
        - Raises SizeInvalid if the body is incomplete; the bytes received are kept.
        """
        with self._turns.take(uuid):
            record = self._at(name, uuid, number, offset)
            while not body.ended:
                before, record = record, self._append_slice(record, body)
                self._record(record, before)
        body.check_whole()
        return record

    def commit(self, name: str, uuid: str, number: int, body: Body, offset: int | None, digest: Digest) -> Committed:
        """Append the rest and make the blob readable in the repository.

        Raises the errors of ``append``, and DigestInvalid if the digest does not match; the upload has then ended.
        """
        with self._turns.take(uuid):
            record = self._at(name, uuid, number, offset, appends=not body.ended)
            recorded = record
            if record.state is None:
                record = replace(record, algorithm=digest.algorithm)
            while not body.ended:
                try:
                    record = self._append_slice(record, body)
                except BlobUploadUnknown:
                    record = self._staged_before(recorded, body)
                # The last slice of a complete body needs no record of its own: the blob is committed immediately.
                if body.broken or not body.ended:
                    self._record(record, recorded)
                    recorded = record
            body.check_whole()
            return self._finish(record, digest, recorded)

    def push(self, name: str, body: Body, digest: Digest) -> Committed:
        """Store a blob that is sent in a single request, without any upload record."""
        record = self._new(name, digest.algorithm)
        try:
            while not body.ended:
                record = self._append_slice(record, body)
            body.check_whole()
            return self._finish(record, digest)
        except BaseException:
            # No record refers to this upload, so nothing else would delete it; after a commit this has no effect.
            self._abort(record)
            raise

    def cancel(self, name: str, uuid: str) -> None:
        """Cancel an upload; raises BlobUploadUnknown if there is none."""
        record = self._records.current(name, uuid)
        self._abort(record)
        self._records.remove(record)

    def _new(self, name: str, algorithm: str) -> UploadRecord:
        return UploadRecord(name=name, uuid=str(uuid4()), algorithm=algorithm, started=datetime.now(UTC))

    def _at(self, name: str, uuid: str, number: int, offset: int | None, *, appends: bool = True) -> UploadRecord:
        record = self._records.get(name, uuid, number)
        if offset is not None and offset != record.size:
            raise RangeInvalid(f"the upload has {record.size} bytes")
        # While bytes are held, the driver has no upload, and only the record shows that this upload still exists.
        if record.state is None:
            self._check_alive(record)
        # Appending to an old state would discard what another host has appended since. With held bytes nothing is
        # discarded if CREATE separates writers, and a commit without a body is verified by its digest.
        if appends and (record.state is not None or not self._store.creates):
            self._check_latest(record)
        return record

    def _check_alive(self, record: UploadRecord) -> None:
        if self._store.driver.capabilities.shared and not self._records.exists(record):
            raise BlobUploadUnknown({"uuid": record.uuid})

    def _check_latest(self, record: UploadRecord) -> None:
        if not self._records.is_latest(record):
            raise RangeInvalid("the upload has been continued by another request")

    def _check_not_overtaken(self, record: UploadRecord, recorded: UploadRecord | None) -> None:
        """Raise RangeInvalid if a digest is wrong because the client used an old state; the upload itself continues."""
        if recorded is None or self._records.is_latest(recorded):
            return
        if recorded.state is None:
            self._abort(record)
        raise RangeInvalid("the upload has been continued by another request")

    def _record(self, record: UploadRecord, before: UploadRecord) -> None:
        try:
            self._records.add(record)
        except RangeInvalid:
            # Another request's first slice was recorded, and no record refers to the driver upload started here.
            if before.state is None:
                self._abort(record)
            raise

    def _append_slice(self, record: UploadRecord, body: Body) -> UploadRecord:
        head = b""
        hasher = record.hasher.copy() if record.hasher is not None else None
        if record.state is None:
            head = record.held + body.read_to(max(0, self._held - len(record.held)))
            if body.ended and len(head) <= self._held:
                return replace(record, number=record.number + 1, held=head)
            hasher = new_hasher(record.algorithm)
        with _as_registry_errors(record):
            state = record.state or self._store.driver.upload_start(layout.staging(record.uuid))
            try:
                data = HashingStream(body, hasher, self._slice, self._receiving, head=head)
                state = self._store.driver.upload_append(state, data)
            except BaseException:
                if record.state is None:
                    self._store.driver.upload_abort(state)
                raise
        found = None if hasher is None else hasher.hexdigest()
        return replace(record, number=record.number + 1, held=b"", state=state, digest=found, hasher=hasher)

    def _finish(self, record: UploadRecord, digest: Digest, recorded: UploadRecord | None = None) -> Committed:
        state = record.state
        if state is None:
            self._commit_held(record, digest, recorded)
        elif record.digest is None or record.algorithm != digest.algorithm:
            self._commit_unhashed(record, state, digest, recorded)
        else:
            self._commit_hashed(record, state, digest, recorded)
        self._blobs.link(record.name, digest, record.size)
        if recorded is not None:
            self._records.remove(record)
        return Committed(digest, record.size)

    def _commit_held(self, record: UploadRecord, digest: Digest, recorded: UploadRecord | None) -> None:
        hasher = new_hasher(digest.algorithm)
        hasher.update(record.held)
        if hasher.hexdigest() != digest.encoded:
            self._check_not_overtaken(record, recorded)
            self._reject(record, digest, hasher.hexdigest())
        self._store.put_content(layout.blob(digest), record.held)

    def _commit_hashed(
        self, record: UploadRecord, state: UploadState, digest: Digest, recorded: UploadRecord | None
    ) -> None:
        if record.digest != digest.encoded:
            self._check_not_overtaken(record, recorded)
            self._abort(record)
            self._reject(record, digest, record.digest)
        # Overwrite an existing blob: having the same size does not mean that it is intact.
        target = layout.blob(digest)
        try:
            with _as_registry_errors(record):
                self._store.driver.upload_commit(state, target=target)
        except BlobUploadUnknown:
            # An earlier request may have committed it, and its host crashed before the link was written.
            if recorded is None or not self._store.has_content(target, digest):
                raise
            self._check_alive(recorded)
        except StorageError as error:
            # A store may refuse to overwrite: identical existing bytes are sufficient.
            if error.retryable or not self._store.has_content(target, digest):
                raise
            self._abort(record)

    def _commit_unhashed(
        self, record: UploadRecord, state: UploadState, digest: Digest, recorded: UploadRecord | None
    ) -> None:
        """Commit chunks received by several hosts, or with another algorithm: the stored bytes must be hashed."""
        self._check_not_overtaken(record, recorded)
        staged, target = state.key, layout.blob(digest)
        try:
            with _as_registry_errors(record):
                self._store.driver.upload_commit(state)
        except BlobUploadUnknown:
            # An earlier request may have committed it, and its host crashed or lost the storage before the end.
            if self._store.size(staged) != state.size:
                if recorded is None or not self._has_moved(record, digest):
                    raise
                return self._check_alive(recorded)
        hasher = new_hasher(digest.algorithm)
        try:
            with self._store.driver.read(staged) as reader:
                for chunk in reader:
                    hasher.update(chunk)
        except NotFound as error:
            raise BlobUploadUnknown({"uuid": record.uuid}) from error
        if hasher.hexdigest() != digest.encoded:
            self._store.driver.delete([staged])
            self._reject(record, digest, hasher.hexdigest())
        # The link is written first: it proves to a request repeated after the move that the bytes were verified.
        self._store.put_link(layout.layer(record.name, digest), digest)
        try:
            self._store.driver.move(staged, target)
        except StorageError as error:
            # A store may refuse to overwrite, or another request may have moved it: identical bytes are sufficient.
            if error.retryable or not self._store.has_content(target, digest):
                raise
            self._store.driver.delete([staged])
        return None

    def _staged_before(self, recorded: UploadRecord, body: Body) -> UploadRecord:
        """Read a body as the end of content that a lost request has committed to staging; it is hashed there."""
        state = recorded.state
        if state is None or self._store.size(state.key) is None:
            raise BlobUploadUnknown({"uuid": recorded.uuid})
        while not body.ended:
            body.read(CHUNK)
        body.check_whole()
        state = replace(state, size=state.size + body.received)
        return replace(recorded, number=recorded.number + 1, state=state, digest=None, hasher=None)

    def _has_moved(self, record: UploadRecord, digest: Digest) -> bool:
        blob = self._blobs.find(record.name, digest)
        return blob is not None and blob.size == record.size

    def _reject(self, record: UploadRecord, digest: Digest, found: str | None) -> NoReturn:
        self._records.remove(record)
        raise DigestInvalid({"expected": str(digest), "received": f"{digest.algorithm}:{found}"})

    def _abort(self, record: UploadRecord) -> None:
        if record.state is not None:
            self._store.driver.upload_abort(record.state)


class UploadLocks:
    """The uploads that requests of this process are working on; a second request is rejected immediately."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def take(self, uuid: str) -> Iterator[None]:
        """Lock an upload; raises RangeInvalid if another request holds the lock."""
        with self._lock:
            if uuid in self._busy:
                raise RangeInvalid("another request is using this upload")
            self._busy.add(uuid)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(uuid)


@contextmanager
def _as_registry_errors(record: UploadRecord) -> Iterator[None]:
    """Convert the driver's errors for an ended or concurrently used upload to the protocol's errors."""
    try:
        yield
    except UploadUnknown as error:
        raise BlobUploadUnknown({"uuid": record.uuid}) from error
    except UploadConflict as error:
        raise RangeInvalid("another request has continued this upload") from error
