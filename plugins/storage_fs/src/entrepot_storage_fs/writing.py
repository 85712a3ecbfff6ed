"""Bytes on their way into a file: through the page cache, or past it where it is the slower way."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections import deque
from collections.abc import Iterable
from itertools import chain
from time import thread_time
from typing import Final

from entrepot_contract import Chunks
from entrepot_storage_fs.failures import Reporting

__all__ = ["extend"]

WINDOW: Final = 2 * 2**20
"""After so many bytes the page cache is asked to write them out, and is judged by the time that it took."""

SLOW: Final = 1e-3 / 2**20
"""Seconds of processor time a byte: a page cache that takes longer, as with memory that a virtual machine was never
given yet, is slower than the disk, and the rest of the bytes pass it by. A cache of usual speed takes a third."""

BLOCK: Final = 2**20
ALIGNMENT: Final = max(4096, mmap.PAGESIZE)

# Every large write under way has one block of its own; a few wait here, as touching fresh memory is slow.
_spare: deque[mmap.mmap] = deque(maxlen=16)


def extend(fd: int, offset: int, data: Chunks, report: Reporting) -> int:
    """Write ``data`` into a file from ``offset`` on; the offset after it.

    ``report`` is entered around the system's calls only, so that an error of ``data`` passes through as it is.
    """
    chunks = iter(data)
    mark, spent, slow = offset, 0.0, False
    for chunk in chunks:
        view = memoryview(chunk).cast("B")
        head = view[: -offset % ALIGNMENT] if slow else view
        with report:
            begin = thread_time()
            _write(fd, head, offset)
            spent += thread_time() - begin
            offset += len(head)
            if offset - mark >= WINDOW:
                slow = slow or spent > (offset - mark) * SLOW
                # Begins to write the pages to disk, and drops none of them: they are not clean yet. Without this the
                # sync at the end waits for all of them.
                os.posix_fadvise(fd, mark, offset - mark, os.POSIX_FADV_DONTNEED)
                mark, spent = offset, 0.0
        if len(head) < len(view):
            return _extend_direct(fd, offset, chain((view[len(head) :],), chunks), report)
    return offset


def _extend_direct(fd: int, offset: int, data: Iterable[bytes | bytearray | memoryview], report: Reporting) -> int:
    with report:
        _set_direct(fd, True)
    block = _spare.pop() if _spare else _new_block()
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
            with report:
                _set_direct(fd, False)
                _write(fd, window[:filled], offset)
            return offset + filled
    finally:
        _spare.append(block)


def _new_block() -> mmap.mmap:
    # Private, for Python's own choice is to share it with every process that is forked off later.
    return mmap.mmap(-1, BLOCK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


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
