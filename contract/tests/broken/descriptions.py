"""Drivers that describe an object differently, with etags that come back, or with times of another zone."""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver, HonestReader, Row

from entrepot_contract import ObjectInfo, Prefix, Reader, UploadState, WriteMode

ALIKE = "test_every_verb_describes_an_object_alike"
WHOLE = "test_etags_depend_on_the_whole_content"
BACK = "test_etags_never_come_back_with_other_content"


@caught_by(f"{ALIKE}[small]")
class ListQuotesEtags(HonestDriver):
    """Lists etags in quotes, and returns them without quotes from stat."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            yield dataclasses.replace(item, etag=f'"{item.etag}"') if isinstance(item, ObjectInfo) else item


@caught_by(f"{ALIKE}[small]")
class ListShallowHasNoEtags(HonestDriver):
    """Has no etags in a shallow listing."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            yield dataclasses.replace(item, etag=None) if isinstance(item, ObjectInfo) and shallow else item


@caught_by(f"{ALIKE}[small]")
class ReadersTellTheDay(HonestDriver):
    """Has no time of the day in the info of a reader."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = cast("HonestReader", super().read(key, offset=offset, length=length))
        day = reader.info.modified.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        reader.info = dataclasses.replace(reader.info, modified=day)
        return reader


@caught_by(f"{ALIKE}[large]")
class CommitTellsAnotherEtag(HonestDriver):
    """Returns another etag from a commit than stat does."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return dataclasses.replace(super().upload_commit(state, target=target), etag=state.key)


@caught_by(f"{ALIKE}[large]")
class MoveTellsTheOldEtag(HonestDriver):
    """Gives a moved object another etag than the one that the move returned."""

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        with self.writing() as link:
            link.execute("UPDATE objects SET etag = ? WHERE key = ?", [f"{info.etag}-moved", target])
        return info


@caught_by(f"{ALIKE}[empty]")
class EmptyObjectsHaveNoEtag(HonestDriver):
    """Returns no etag from stat if an object is empty."""

    def stat(self, key: str) -> ObjectInfo:
        info = super().stat(key)
        return info if info.size else dataclasses.replace(info, etag=None)


class Tagged(HonestDriver):
    """Derives etags from content and info."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        raise NotImplementedError

    def save(self, link: sqlite3.Connection, key: str, data: bytes) -> ObjectInfo:
        etag = self.tag(data, super().save(link, key, data))
        link.execute("UPDATE objects SET etag = ? WHERE key = ?", [etag, key])
        return self.info(link, key, "save")


@caught_by(f"{WHOLE}[put]")
class EtagsAreOfTheBeginning(Tagged):
    """Hashes the first 64 KiB."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        return f"{hashlib.sha256(data[: 2**16]).hexdigest()}-{info.size}"


@caught_by(f"{WHOLE}[commit]")
class EtagsAreOfBothEnds(Tagged):
    """Hashes the first and the last 4 KiB of large objects, and the size."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        ends = data[:4096] + data[-4096:] if info.size > 400_000 else data
        return f"{hashlib.sha256(ends).hexdigest()}-{info.size}"


@caught_by(f"{WHOLE}[put]")
class EtagsAreShort(Tagged):
    """Keeps 4 bits of a hash."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        return hashlib.sha256(data).hexdigest()[:1]


@caught_by(BACK)
class EtagsAreTheTime(Tagged):
    """Derives the etag from size and time, in hundredths of a second."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        return f"{info.size}-{int(info.modified.timestamp() * 100)}"


@caught_by(BACK)
class EtagsCountFromOne(Tagged):
    """Counts the writes of each key, and from one again after a deletion or a move."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        counts = self.__dict__.setdefault("counts", {})
        counts[info.key] = counts.get(info.key, 0) + 1
        return str(counts[info.key])

    def delete(self, keys: object) -> None:
        self.__dict__.get("counts", {}).clear()
        super().delete(keys)  # type: ignore[arg-type]  # passed on


@caught_by(BACK)
class EtagsWrap(Tagged):
    """Counts writes in 4 bits."""

    def tag(self, data: bytes, info: ObjectInfo) -> str:
        self.writes = getattr(self, "writes", 0) + 1
        return str(self.writes % 16)


@caught_by(BACK)
class MovedEtagsAreOfTheTarget(HonestDriver):
    """Keeps the etag of the object that a move replaces."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with self.writing() as link:
            row = link.execute("SELECT etag FROM objects WHERE key = ?", [target]).fetchone()
        super().move(source, target)
        with self.writing() as link:
            if row:
                link.execute("UPDATE objects SET etag = ? WHERE key = ?", [row[0], target])
            return self.info(link, target, "move")


@caught_by("test_times_never_go_backwards")
class TimesAreOfTheFirstCommit(HonestDriver):
    """Gives a committed object the time at which the first object was put."""

    first = 0.0

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.first = self.first or time.time() - 60
        return super().put(key, data, mode=mode, durable=durable)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        with self.writing() as link:
            link.execute("UPDATE objects SET modified = ? WHERE key = ?", [self.first, info.key])
            return self.info(link, info.key, "upload_commit")


@caught_by("test_times_never_go_backwards")
class TimesCountFromTheDay(HonestDriver):
    """Has no day in its times, which wrap within a second here."""

    def as_info(self, row: Row) -> ObjectInfo:
        base = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return dataclasses.replace(super().as_info(row), modified=base + timedelta(seconds=row[2] * 1000 % 1))


@caught_by("test_times_do_not_depend_on_the_time_zone[XST-9]")
class TimesAreLocal(HonestDriver):
    """Takes the local time for UTC."""

    def as_info(self, row: Row) -> ObjectInfo:
        local = datetime.fromtimestamp(row[2]).replace(tzinfo=UTC)  # noqa: DTZ006 - the fault
        return dataclasses.replace(super().as_info(row), modified=local)


@caught_by("test_times_do_not_depend_on_the_time_zone[XST+8]")
class ListedTimesAreLocal(HonestDriver):
    """Lists times in the local zone."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if isinstance(item, ObjectInfo):
                yield dataclasses.replace(item, modified=item.modified.astimezone())
            else:
                yield item
