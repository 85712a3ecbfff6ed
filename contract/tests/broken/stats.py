"""Drivers with a broken ``stat``, or broken infos."""

from __future__ import annotations

import dataclasses
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import datetime

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver, Row

from entrepot_contract import NotFound, ObjectInfo, Prefix, StorageError, WriteMode

CREATE = WriteMode.CREATE


@caught_by("test_stat_finds_objects_only")
class StatFindsFolders(HonestDriver):
    """Returns an info for a prefix, as a filesystem does for a folder."""

    def stat(self, key: str) -> ObjectInfo:
        try:
            return super().stat(key)
        except NotFound:
            for item in self.list_objects(f"{key}/"):
                if isinstance(item, ObjectInfo):
                    return dataclasses.replace(item, key=key, size=4096)
            raise


@caught_by("test_stat_finds_objects_only")
class ErrorsLoseTheirKey(HonestDriver):
    """Raises errors without the key."""

    def fail(self, kind: type[StorageError], operation: str, key: str | None, message: str = "refused") -> StorageError:
        return super().fail(kind, operation, None, message)


@caught_by("test_stat_finds_objects_only")
class ErrorsSayNothing(HonestDriver):
    """Raises the right error without a message."""

    def fail(self, kind: type[StorageError], operation: str, key: str | None, message: str = "refused") -> StorageError:
        return super().fail(kind, operation, key, "")


@caught_by("test_stat_returns_key_size_time_and_etag")
class TimesAreNaive(HonestDriver):
    """Returns times without a time zone."""

    def as_info(self, row: Row) -> ObjectInfo:
        return dataclasses.replace(super().as_info(row), modified=datetime.fromtimestamp(row[2]))  # noqa: DTZ006 - the fault


@caught_by("test_every_method_returns_aware_times")
class ListedTimesAreNaive(HonestDriver):
    """Lists times without a time zone."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if isinstance(item, ObjectInfo):
                yield dataclasses.replace(item, modified=item.modified.replace(tzinfo=None))
            else:
                yield item


@caught_by("test_stat_returns_key_size_time_and_etag")
class EtagsAreRandom(HonestDriver):
    """Returns a random etag for every call."""

    def as_info(self, row: Row) -> ObjectInfo:
        return dataclasses.replace(super().as_info(row), etag=uuid.uuid4().hex)


@caught_by("test_etag_changes_with_the_content")
class EtagsAreSizeAndSecond(HonestDriver):
    """Derives the etag from the size and the time in seconds."""

    def as_info(self, row: Row) -> ObjectInfo:
        return dataclasses.replace(super().as_info(row), etag=f"{row[1]}-{int(row[2])}")


@caught_by("test_etag_changes_with_the_content")
class CreatedObjectsHaveOneEtag(HonestDriver):
    """Gives all created objects the same etag."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode, durable=durable)
        if mode is CREATE:
            with self.writing() as link:
                link.execute("UPDATE objects SET etag = 'new' WHERE key = ?", [key])
        return info


@caught_by("test_every_method_returns_aware_times")
class CreatedTimesAreNaive(HonestDriver):
    """Returns a time without a time zone from CREATE."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode, durable=durable)
        return dataclasses.replace(info, modified=info.modified.replace(tzinfo=None)) if mode is CREATE else info


@caught_by("test_stat_returns_key_size_time_and_etag")
class SizesAreOfTheDisk(HonestDriver):
    """Returns the size of the disk blocks that an object uses."""

    def info(self, link: sqlite3.Connection, key: str, operation: str) -> ObjectInfo:
        info = super().info(link, key, operation)
        return dataclasses.replace(info, size=-(-info.size // 4096) * 4096) if operation == "stat" else info
