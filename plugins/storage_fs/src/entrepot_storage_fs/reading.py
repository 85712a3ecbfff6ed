"""Readers of files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from entrepot_contract import NotFound, ObjectInfo, RangeError, Reader, StorageError, Unavailable
from entrepot_contract.toolkit.reading import ClosedOnExit
from entrepot_storage_fs.failures import Reporting, failure
from entrepot_storage_fs.tree import info_of

__all__ = ["SmallReader", "open_reader"]

CHUNK: Final = 2**20

SMALL: Final = 2**16
"""Up to this size in bytes, a read is done at once and kept in memory, which is faster than keeping the file open."""


def open_reader(path: str, key: str, offset: int, length: int | None) -> Reader:
    """Return a reader of at most ``length`` bytes of a file, starting at ``offset``.

    Raises OSError, NotFound for a directory, RangeError, and Unavailable if a small file is truncated meanwhile.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise failure(NotFound, "read", key, "no such object, only objects below it")
        left = status.st_size - offset
        if left < 0:
            message = f"offset {offset} is past the end of the object ({status.st_size} bytes)"
            raise failure(RangeError, "read", key, message)
        if length is not None and length < left:
            left = length
        if left > SMALL:
            if offset:
                os.lseek(fd, offset, os.SEEK_SET)
            reader = FileReader(info_of(key, status), fd, left)
            fd = -1
            return reader
        data = os.pread(fd, left, offset) if offset else os.read(fd, left)
        if len(data) < left:
            raise _truncated(key, left - len(data))
        return SmallReader(info_of(key, status), data, status)
    finally:
        if fd >= 0:
            os.close(fd)


def _truncated(key: str, missing: int) -> StorageError:
    return failure(Unavailable, "read", key, f"the file was truncated while it was read: {missing} bytes missing")


class SmallReader(ClosedOnExit):
    """The bytes of a small file, or of a small range of a file."""

    __slots__ = ("data", "info", "status")

    def __init__(self, info: ObjectInfo, data: bytes, status: os.stat_result) -> None:
        self.info, self.data, self.status = info, data, status

    def __iter__(self) -> Iterator[bytes]:
        data, self.data = self.data, b""
        return iter((data,) if data else ())

    def close(self) -> None:
        self.data = b""


class FileReader(ClosedOnExit):
    """An open file, or a range of it; owns ``fd``."""

    def __init__(self, info: ObjectInfo, fd: int, size: int) -> None:
        self.info, self._fd, self._left = info, fd, size

    def __iter__(self) -> Iterator[bytes]:
        report = Reporting("read", self.info.key)
        while self._left:
            with report:
                chunk = os.read(self._fd, min(self._left, CHUNK))
            if not chunk:
                raise _truncated(self.info.key, self._left)
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        self._left = 0
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()
