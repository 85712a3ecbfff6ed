"""Small files that have not changed since they were read."""

from __future__ import annotations

import os
import time
from typing import Final, TypeAlias

from entrepot_contract import ObjectInfo, Reader
from entrepot_storage_fs.bounded import BoundedMap
from entrepot_storage_fs.reading import SmallReader, open_reader

__all__ = ["SmallFiles"]

LARGEST: Final = 4096
BUDGET: Final = 8 * 2**20
OVERHEAD: Final = 1024
"""Bytes: of a file that is remembered, of all of them, and what one takes beside its content, at most."""

SETTLED: Final = 2_000_000_000
"""Nanoseconds after which a change of a file must have given it another time: clocks of filesystems are coarse."""

Version: TypeAlias = tuple[int, int, int, int, int]


class SmallFiles:
    """Links and tiny blobs: the same few are read thousands of times a second.

    Each read asks the filesystem whether the file is there and is the same, so whatever another process or program
    does to it is seen at once. Only what lies on a block device is remembered: a filesystem that other hosts write
    to, as NFS, may answer a stat from memory, and not an open.
    """

    def __init__(self) -> None:
        self._files: BoundedMap[tuple[Version, ObjectInfo, bytes]] = BoundedMap(BUDGET)

    def read(self, path: str, key: str) -> Reader:
        """All bytes of a file; raises what ``open_reader`` raises."""
        known = self._files.get(path)
        if known is not None:
            version, info, data = known
            status = os.stat(path)
            if _version(status) == version:
                return SmallReader(info, data, status)
            self._files.pop(path)
        reader = open_reader(path, key, 0, None)
        if isinstance(reader, SmallReader) and reader.info.size <= LARGEST:
            self._remember(path, reader)
        return reader

    def _remember(self, path: str, reader: SmallReader) -> None:
        status = reader.status
        if not os.major(status.st_dev) or time.time_ns() - status.st_ctime_ns < SETTLED:
            return
        self._files.set(path, (_version(status), reader.info, reader.data), reader.info.size + OVERHEAD)


def _version(status: os.stat_result) -> Version:
    # Whoever writes into a file, or changes who may read it, gives it a new ctime, and cannot give it an old one.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
