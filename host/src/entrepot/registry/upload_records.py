"""The records of an upload: its state, kept in the storage so that any host can continue it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile

from entrepot.cache import Cache
from entrepot.errors import BlobUploadUnknown, RangeInvalid
from entrepot.registry import layout
from entrepot.registry.names import Hasher
from entrepot.registry.store import Store
from entrepot_contract import (
    MAX_TOKEN_BYTES,
    AlreadyExists,
    NotFound,
    ObjectInfo,
    UploadState,
    WriteMode,
)

__all__ = ["UploadRecord", "UploadRecords"]

_MAX_RECORD = 2 * MAX_TOKEN_BYTES + 4096
_KEPT_BYTES = 16 * 2**20
_WEIGHT_OF_A_RECORD = 2048
_KEPT_RECORDS = 16


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """The state of an upload after ``number`` slices.

    - ``digest`` is the hexadecimal digest of all bytes so far, or None if they would have to be read back.
    - ``held`` are all bytes so far if there are few: they are stored in the record, without a driver upload.
    - ``state`` is the driver's upload state, or None while bytes are held.
    - ``hasher`` is the running hash, known only to the process that received the last slice.
    """

    name: str
    uuid: str
    algorithm: str
    started: datetime
    number: int = 0
    digest: str | None = None
    held: bytes = field(default=b"", repr=False)
    state: UploadState | None = None
    hasher: Hasher | None = field(default=None, repr=False, compare=False)

    @property
    def size(self) -> int:
        """Number of bytes received, and so the offset of the next one."""
        return len(self.held) if self.state is None else self.state.size

    @property
    def weight(self) -> int:
        """Approximate size in memory, in bytes."""
        return _WEIGHT_OF_A_RECORD + len(self.held) + (0 if self.state is None else len(self.state.token))

    def encode(self) -> bytes:
        """Returns the record as one line of JSON, followed by the held bytes."""
        state = self.state
        fields = json.dumps(
            {
                "name": self.name,
                "algorithm": self.algorithm,
                "started": self.started.isoformat(),
                "digest": self.digest,
                "held": len(self.held),
                "state": None if state is None else {"key": state.key, "size": state.size, "token": state.token},
            },
            separators=(",", ":"),
        )
        return fields.encode() + b"\n" + self.held


class UploadRecords:
    """The records in the storage, with a cache of those last written by this process.

    Records are written with CREATE: of two writers of the same number, one gets an error. The first record of an upload
    has only one writer: it is written with OVERWRITE, which the host repeats after a temporary error.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: Cache[str, UploadRecord] = Cache(_KEPT_BYTES)

    def add(self, record: UploadRecord) -> None:
        """Write a record; raises RangeInvalid if another writer was first."""
        key = layout.upload_record(record.uuid, record.number)
        mode = WriteMode.CREATE if record.number and self._store.creates else WriteMode.OVERWRITE
        try:
            # A power loss may end the upload, whose client starts it again: nothing that was pushed refers to a record.
            self._store.driver.put(key, record.encode(), mode=mode, durable=False)
        except AlreadyExists as error:
            self._latest.pop(record.uuid)
            raise RangeInvalid("another request has continued this upload") from error
        self._latest.set(record.uuid, record, record.weight)
        if record.number and record.number % _KEPT_RECORDS == 0:
            self._delete(record.uuid, record.number - _KEPT_RECORDS - 1, record.number - 1)

    def get(self, name: str, uuid: str, number: int) -> UploadRecord:
        """Returns one record; raises RangeInvalid if the upload has continued, BlobUploadUnknown if it has ended."""
        known = self._latest.get(uuid)
        if known is not None and known.number == number and known.name == name:
            return known
        record = self.read(uuid, number)
        if record is not None:
            return _of(name, record)
        self.current(name, uuid)
        raise RangeInvalid("the upload has been continued by another request")

    def current(self, name: str, uuid: str) -> UploadRecord:
        """Returns the latest record of an upload; raises BlobUploadUnknown if there is none in this repository."""
        listed = self.listed(uuid)
        if listed:
            _, number = layout.record_number(listed[-1].key)
            known = self._latest.get(uuid)
            record = known if known is not None and known.number == number else self.read(uuid, number)
            if record is not None:
                return _of(name, record)
        raise BlobUploadUnknown({"uuid": uuid})

    def listed(self, uuid: str = "") -> list[ObjectInfo]:
        """Returns the records of one upload, or of all, in the storage, in order."""
        if not uuid:
            return [item for item in self._store.driver.list_objects(layout.UPLOADS) if isinstance(item, ObjectInfo)]
        start = layout.upload_records(uuid)
        found = self._store.driver.list_objects(layout.upload_shard(uuid), start_after=start)
        mine = takewhile(lambda item: item.key.startswith(start), found)
        return [item for item in mine if isinstance(item, ObjectInfo)]

    def exists(self, record: UploadRecord) -> bool:
        """Returns whether a record is still in the storage; all records of an upload are deleted when it has ended."""
        return self._store.exists(layout.upload_record(record.uuid, record.number))

    def is_latest(self, record: UploadRecord) -> bool:
        """Returns whether no further record was written after this one."""
        return not self._store.exists(layout.upload_record(record.uuid, record.number + 1))

    def remove(self, record: UploadRecord) -> None:
        """Delete the records of an upload; ``record`` is its latest."""
        self._latest.pop(record.uuid)
        # The last slice of a commit has no record of its own, so the records before it were not cleaned up.
        recorded = max(0, record.number - 1)
        self._delete(record.uuid, recorded - recorded % _KEPT_RECORDS - 1, record.number + 1)

    def _delete(self, uuid: str, first: int, end: int) -> None:
        self._store.driver.delete([layout.upload_record(uuid, number) for number in range(max(0, first), end)])

    def read(self, uuid: str, number: int) -> UploadRecord | None:
        """Read one record from the storage; returns None if it does not exist or is damaged."""
        key = layout.upload_record(uuid, number)
        try:
            return _decode(uuid, number, self._store.read_up_to(key, _MAX_RECORD) or b"")
        except NotFound:
            return None
        except (ValueError, KeyError, TypeError):
            self._store.warn_damaged(key, "this record of an upload cannot be read")
            return None


def _of(name: str, record: UploadRecord) -> UploadRecord:
    if record.name != name:
        raise BlobUploadUnknown({"uuid": record.uuid})
    return record


def _decode(uuid: str, number: int, text: bytes) -> UploadRecord:
    line, _, held = text.partition(b"\n")
    fields = json.loads(line)
    if len(held) != fields["held"]:
        raise ValueError("the bytes held in the record are incomplete")
    state = fields["state"]
    return UploadRecord(
        name=fields["name"],
        uuid=uuid,
        algorithm=fields["algorithm"],
        started=datetime.fromisoformat(fields["started"]).astimezone(UTC),
        number=number,
        digest=fields["digest"],
        held=held,
        state=None if state is None else UploadState(state["key"], state["size"], state["token"]),
    )
