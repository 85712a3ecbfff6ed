"""A file on its way out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from entrepot_contract import NotFound, ObjectInfo, RangeError, Unavailable
from entrepot_storage_fs.failures import Reporting, failure
from entrepot_storage_fs.tree import info_of

__all__ = ["FileReader"]

CHUNK: Final = 2**20


class FileReader:
    """An open file, or a part of it; owns ``fd``, and reads nothing before ``select``."""

    info: ObjectInfo

    def __init__(self, fd: int, key: str) -> None:
        self._fd, self._key, self._left = fd, key, 0

    def select(self, offset: int, length: int | None) -> None:
        """Choose what is read; raises NotFound for a directory, and RangeError."""
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise failure(NotFound, "read", self._key, "no such object, only some below it")
        left = status.st_size - offset
        if left < 0:
            message = f"offset {offset} lies past the {status.st_size} bytes of the object"
            raise failure(RangeError, "read", self._key, message)
        if offset:
            os.lseek(self._fd, offset, os.SEEK_SET)
        self._left = left if length is None else min(left, length)
        self.info = info_of(self._key, status)

    def __iter__(self) -> Iterator[bytes]:
        report = Reporting("read", self._key)
        while self._left:
            with report:
                chunk = os.read(self._fd, min(self._left, CHUNK))
            if not chunk:
                raise failure(
                    Unavailable, "read", self._key, f"the file was cut while it was read: {self._left} bytes miss"
                )
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        self._left = 0
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
