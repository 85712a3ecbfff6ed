"""Drivers with broken additions of contract 1.1: ``put`` without durability, and ``delete_unchanged``."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import Capabilities, NotFound, ObjectInfo, Reader, WriteMode

OVERWRITE = WriteMode.OVERWRITE


@caught_by("test_put_without_durability_is_a_complete_put")
class NotDurableIsNotListed(HonestDriver):
    """Keeps what need not be durable in memory, where only reads find it."""

    kept: ClassVar[dict[tuple[str, str], bytes]] = {}

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if durable or mode is not OVERWRITE:
            return super().put(key, data, mode=mode, durable=durable)
        self.kept[self.options.path, key] = data
        return super().put(key, b"", mode=mode)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if data := self.kept.get((self.options.path, key)):
            super().put(f"{key}.copy", data)
            return super().read(f"{key}.copy", offset=offset, length=length)
        return super().read(key, offset=offset, length=length)


@caught_by("test_put_without_durability_is_a_complete_put")
class NotDurableForgetsCreate(HonestDriver):
    """Overwrites in its fast path, although the mode is CREATE."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(key, data, mode=mode if durable else OVERWRITE)


@caught_by("test_put_without_durability_survives_the_process")
class NotDurableIsWrittenLater(HonestDriver):
    """Writes what need not be durable in a thread, some time after it has returned."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if durable or mode is not OVERWRITE:
            return super().put(key, data, mode=mode, durable=durable)
        write = super().put
        threading.Timer(2, lambda: write(key, data)).start()
        return ObjectInfo(key, len(data), super().put(f"{key}.new", b"").modified, None)


@caught_by("test_an_unchanged_object_is_deleted")
class DeleteUnchangedComparesTheInfo(HonestDriver):
    """Compares the object's identity in memory, which is different for each call."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        return self.stat(info.key) is info and super().delete_unchanged(info)


@caught_by("test_an_unchanged_object_is_deleted")
class DeleteUnchangedRaisesNotFound(HonestDriver):
    """Raises NotFound for a missing key."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        self.stat(info.key)
        return super().delete_unchanged(info)


@caught_by("test_an_unchanged_object_is_deleted")
class DeleteUnchangedReturnsNothing(HonestDriver):
    """Deletes, and returns None."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        super().delete_unchanged(info)
        return None  # type: ignore[return-value]  # the fault


@caught_by("test_a_changed_object_stays")
class DeleteUnchangedComparesSizes(HonestDriver):
    """Compares the sizes instead of the etags."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        try:
            now = self.stat(info.key)
        except NotFound:
            return False
        return super().delete_unchanged(now if now.size == info.size else info)


@caught_by("test_a_changed_object_stays")
class DeleteUnchangedAlwaysDeletes(HonestDriver):
    """Does not compare anything."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        try:
            return super().delete_unchanged(self.stat(info.key))
        except NotFound:
            return False


@caught_by("test_a_concurrent_write_is_never_deleted")
class DeleteUnchangedLooksThenDeletes(HonestDriver):
    """Compares in one step and deletes in another."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        try:
            same = self.stat(info.key).etag == info.etag
        except NotFound:
            return False
        time.sleep(0.002)
        if same:
            self.delete([info.key])
        return same


@caught_by("test_delete_unchanged_is_claimed_or_unsupported")
class DeleteUnchangedDoesNothing(HonestDriver):
    """Returns False where it does not claim the capability."""

    @property
    def capabilities(self) -> Capabilities:
        return dataclasses.replace(super().capabilities, conditional_delete=False)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        return False


@caught_by("test_delete_unchanged_is_claimed_or_unsupported")
class DeleteUnchangedIsNotClaimed(HonestDriver):
    """Deletes although it does not claim the capability."""

    @property
    def capabilities(self) -> Capabilities:
        return dataclasses.replace(super().capabilities, conditional_delete=False)
