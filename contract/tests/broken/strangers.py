"""Drivers that were written from the contract's text alone, without a look at the kit."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Generator

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import DriverOptions, ObjectInfo, RangeError, Reader, UploadState
from entrepot_contract.toolkit.reading import GeneratedReader


@caught_by("test_the_end_of_an_upload_ends_no_other")
class AbortsByTheBeginOfTheName(HonestDriver):
    """Numbers its uploads, and an abort removes all whose name begins with the number: also 10 with 1."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.started = 0

    def upload_start(self, key: str) -> UploadState:
        self.started += 1
        with self.writing() as link:
            link.execute("INSERT INTO uploads VALUES (?, ?, ?)", [str(self.started), key, time.time()])
        return self.state(key, 0, str(self.started), 0)

    def forget(self, link: sqlite3.Connection, upload: str) -> None:
        for (name,) in link.execute("SELECT id FROM uploads WHERE id LIKE ?", [f"{upload}%"]).fetchall():
            super().forget(link, name)


class _Opened(GeneratedReader):
    def __init__(self, reader: Reader, fd: int) -> None:
        super().__init__(self._chunks_of(reader, fd))
        self.info = reader.info

    @staticmethod
    def _chunks_of(reader: Reader, fd: int) -> Generator[bytes]:
        try:
            yield from reader
        finally:
            reader.close()
            os.close(fd)


@caught_by("test_readers_leave_nothing_open")
class UnreadReadersStayOpen(HonestDriver):
    """Closes its file in the `finally` of a generator, which does not run if no chunk was requested."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return _Opened(super().read(key, offset=offset, length=length), os.open("/dev/null", os.O_RDONLY))


@caught_by("test_readers_leave_nothing_open")
class RangeErrorsLeaveAFile(HonestDriver):
    """Opens its file before it compares the offset with the size, and leaves it open if it raises."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        fd = os.open("/dev/null", os.O_RDONLY)
        try:
            return super().read(key, offset=offset, length=length)
        except RangeError:
            fd = -1
            raise
        finally:
            if fd >= 0:
                os.close(fd)


@caught_by("test_a_read_sees_the_last_write_of_the_same_size[2000]")
class CachedByTheSecond(HonestDriver):
    """Caches small objects, and takes one of the same size and the same second for the same."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.kept: dict[tuple[str, int, int], bytes] = {}

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        if offset or length is not None or reader.info.size > 4096:
            return reader
        version = key, reader.info.size, int(reader.info.modified.timestamp())
        with reader:
            data = self.kept.setdefault(version, b"".join(reader))
        return _Kept(reader.info, data)


class _Kept(GeneratedReader):
    def __init__(self, info: ObjectInfo, data: bytes) -> None:
        super().__init__(part for part in [data])
        self.info = info
