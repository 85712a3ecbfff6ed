"""Writing of files: through the page cache, or with O_DIRECT if the page cache is slower."""

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
"""Number of bytes after which write-back is started and the speed of the page cache is measured."""

SLOW: Final = 1e-3 / 2**20
"""CPU seconds per byte. A page cache that takes longer, as with memory not yet given to a virtual machine, is
slower than the disk, and the remaining bytes are written with O_DIRECT. A normal page cache takes a third of this."""

BLOCK: Final = 2**20
ALIGNMENT: Final = max(4096, mmap.PAGESIZE)

# Every large write uses one block; a few are kept for reuse, because using new memory is slow.
_spare: deque[mmap.mmap] = deque(maxlen=16)


def extend(fd: int, offset: int, data: Chunks, report: Reporting) -> int:
    """Write ``data`` to a file starting at ``offset``; return the offset after it.

    ``report`` is entered around system calls only, so that exceptions of ``data`` are not translated.
    """
    chunks = iter(data)
    mark, spent, slow = offset, 0.0, False
    for chunk in chunks:
        # No view is left when the next chunk is requested, because the caller may resize its buffer.
        with memoryview(chunk) as view, view[: -offset % ALIGNMENT if slow else None] as head:
            with report:
                begin = thread_time()
                _write(fd, head, offset)
                spent += thread_time() - begin
                offset += len(head)
                if offset - mark >= WINDOW:
                    slow = slow or spent > (offset - mark) * SLOW
                    # Starts writing the pages to disk; none are dropped, because they are still dirty. Without this,
                    # the fsync at the end has to write all of them.
                    os.posix_fadvise(fd, mark, offset - mark, os.POSIX_FADV_DONTNEED)
                    mark, spent = offset, 0.0
            rest = bytes(view[len(head) :])
        if rest:
            return _extend_direct(fd, offset, chain((rest,), chunks), report)
    return offset


def _extend_direct(fd: int, offset: int, data: Iterable[bytes | bytearray | memoryview], report: Reporting) -> int:
    with report:
        _set_direct(fd, True)
    block = _spare.pop() if _spare else _new_block()
    filled = 0
    try:
        with memoryview(block) as window:
            for chunk in data:
                with memoryview(chunk) as view:
                    start, end = 0, len(view)
                    while start < end:
                        stop = min(end, start + BLOCK - filled)
                        with view[start:stop] as part:
                            window[filled : filled + len(part)] = part
                        filled, start = filled + stop - start, stop
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
    # Private, because Python's default is to share it with all forked processes.
    return mmap.mmap(-1, BLOCK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _write(fd: int, view: memoryview, offset: int) -> None:
    while view:
        try:
            written = os.pwrite(fd, view, offset)
        except OSError as error:
            # A filesystem may accept the flag and reject the write; all reject the unaligned rest of a short write.
            if error.errno != errno.EINVAL or not _set_direct(fd, False):
                raise
        else:
            offset, view = offset + written, view[written:]


def _set_direct(fd: int, wanted: bool) -> bool:
    """Set or clear O_DIRECT; return whether it changed. No effect on a filesystem that does not support it."""
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
