"""Bytes on their way into a file, past the page cache where there are many of them."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Final

from entrepot_contract import Chunks
from entrepot_storage_fs.failures import Reporting

__all__ = ["extend"]

SMALL: Final = 2**20
"""So many bytes of a call go through the page cache: it is as fast for them, and they need no buffer."""

BLOCK: Final = 2**20
ALIGNMENT: Final = max(4096, mmap.PAGESIZE)

# Every large write under way has one block of its own; a few wait here, as touching fresh memory is slow.
_spare: deque[mmap.mmap] = deque(maxlen=16)


def extend(fd: int, offset: int, data: Chunks, report: Reporting) -> int:
    """Write ``data`` into a file from ``offset`` on; the offset after it.

    ``report`` is entered around the system's calls only, so that an error of ``data`` passes through as it is.
    """
    direct_from = -(-(offset + SMALL) // ALIGNMENT) * ALIGNMENT
    chunks = iter(data)
    for chunk in chunks:
        view = memoryview(chunk).cast("B")
        head = view[: direct_from - offset]
        with report:
            _write(fd, head, offset)
        offset += len(head)
        if len(head) < len(view):
            return _extend_direct(fd, offset, chain((view[len(head) :],), chunks), report)
    return offset


def _extend_direct(fd: int, offset: int, data: Iterable[bytes | bytearray | memoryview], report: Reporting) -> int:
    with report:
        _set_direct(fd, True)
    block = _spare.pop() if _spare else mmap.mmap(-1, BLOCK)
    filled = 0
    try:
        with memoryview(block) as window:
            for chunk in data:
                view = memoryview(chunk).cast("B")
                while view:
                    part = view[: BLOCK - filled]
                    window[filled : filled + len(part)] = part
                    filled, view = filled + len(part), view[len(part) :]
                    if filled == BLOCK:
                        with report:
                            _write(fd, window, offset)
                        offset, filled = offset + BLOCK, 0
            whole = filled - filled % ALIGNMENT
            with report:
                _write(fd, window[:whole], offset)
                _set_direct(fd, False)
                _write(fd, window[whole:filled], offset + whole)
            return offset + filled
    finally:
        _spare.append(block)


def _write(fd: int, view: memoryview, offset: int) -> None:
    while view:
        try:
            written = os.pwrite(fd, view, offset)
        except OSError as error:
            # A filesystem may take the flag and refuse the write, and so does any for the rest of a cut write.
            if error.errno != errno.EINVAL or not _set_direct(fd, False):
                raise
        else:
            offset, view = offset + written, view[written:]


def _set_direct(fd: int, wanted: bool) -> bool:
    """Whether the file's writes have changed their way by this; a filesystem without direct writes stays as it is."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    if bool(flags & os.O_DIRECT) is wanted:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags ^ os.O_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True
