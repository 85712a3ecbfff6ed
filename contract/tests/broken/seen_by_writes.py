"""Drivers whose verbs that write believe what this driver has seen, although another one has changed it."""

from __future__ import annotations

from collections.abc import Iterable

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import AlreadyExists, DriverOptions, NotFound, ObjectInfo, UploadState, WriteMode

WROTE = "test_what_another_driver_wrote_is_there_for_verbs_that_change_it"
REMOVED = "test_what_another_driver_removed_is_gone_for_verbs_that_change_it"
OVERWRITE = WriteMode.OVERWRITE


class Remembering(HonestDriver):
    """Remembers what ``stat`` has found and not found; a base class."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.seen: dict[str, ObjectInfo | None] = {}

    def stat(self, key: str) -> ObjectInfo:
        self.seen[key] = None
        self.seen[key] = found = super().stat(key)
        return found

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.seen.pop(key, None)
        return super().put(key, data, mode=mode, durable=durable)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self.seen.pop(target or state.key, None)
        return super().upload_commit(state, target=target)

    def move(self, source: str, target: str) -> ObjectInfo:
        self.seen.pop(target, None)
        return super().move(source, target)


@caught_by(WROTE)
class DeleteSkipsWhatWasMissing(Remembering):
    """Deletes nothing that was missing when it last looked."""

    def delete(self, keys: Iterable[str]) -> None:
        super().delete(key for key in keys if self.seen.get(key, 0) is not None)


@caught_by(WROTE)
class MoveBelievesWhatWasMissing(Remembering):
    """Raises NotFound for a source that was missing when it last looked."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source != target and self.seen.get(source, 0) is None:
            raise self.fail(NotFound, "move", source)
        return super().move(source, target)


@caught_by(REMOVED)
class CreateBelievesWhatWasThere(Remembering):
    """Refuses to create what existed when it last looked."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.CREATE and self.seen.get(key) is not None:
            raise self.fail(AlreadyExists, "put", key)
        return super().put(key, data, mode=mode, durable=durable)

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        for key in doomed:
            self.seen.pop(key, None)
        super().delete(doomed)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        self.seen.pop(info.key, None)
        return super().delete_unchanged(info)


@caught_by(REMOVED)
class PutSkipsEqualBytes(HonestDriver):
    """Does not write the bytes that it wrote last under this key."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.last: dict[str, tuple[bytes, ObjectInfo]] = {}

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        known = self.last.get(key)
        if mode is OVERWRITE and known is not None and known[0] == data:
            return known[1]
        info = super().put(key, data, mode=mode, durable=durable)
        self.last[key] = data, info
        return info


@caught_by("test_what_another_driver_replaced_is_not_unchanged")
class DeleteUnchangedComparesItsMemory(Remembering):
    """Compares the etag with the one that it saw last, and deletes whatever is there."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        known = self.seen.get(info.key)
        if known is None or known.etag != info.etag:
            return super().delete_unchanged(info)
        self.delete([info.key])
        return True


@caught_by("test_nothing_is_deleted_without_an_etag")
class DeleteUnchangedWithoutACondition(HonestDriver):
    """Sends no condition if it has no etag."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        if info.etag is None:
            self.delete([info.key])
            return True
        return super().delete_unchanged(info)
