"""A cache of small files, which is validated with a stat."""

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
"""Maximum sizes in bytes: of a cached file, of the cache, and the memory overhead of one file."""

SETTLED: Final = 2_000_000_000
"""Nanoseconds after which another change is certain to result in another ctime: filesystem clocks are coarse."""

Version: TypeAlias = tuple[int, int, int, int, int]


class SmallFiles:
    """A cache for links and tiny blobs, of which a few are read thousands of times per second.

    Each read checks with a stat that the file still exists and is unchanged, so changes by other processes and
    programs are detected at once. Only files on block devices are cached: on a filesystem that other hosts write to,
    such as NFS, a stat may be answered from the client's attribute cache, but an open is not.
    """

    def __init__(self) -> None:
        self._files: BoundedMap[tuple[Version, ObjectInfo, bytes]] = BoundedMap(BUDGET)

    def read(self, path: str, key: str) -> Reader:
        """Return a reader of a complete file; raises the same exceptions as ``open_reader``."""
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
    # Every write and every change of permissions sets a new ctime, which cannot be set to an old value.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
