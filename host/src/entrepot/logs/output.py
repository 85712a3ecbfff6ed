"""Writing of complete lines to a file descriptor shared with other processes."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["write_lines"]

# Maximum size of an atomic write to a pipe (PIPE_BUF on Linux); more could be interleaved with other processes' lines.
_ATOMIC: Final = 4096
_WAIT_SECONDS: Final = 5.0


def write_lines(descriptor: int, lines: Iterable[str]) -> bool:
    """Write lines without interleaving with other processes; returns False if the descriptor cannot be written."""
    try:
        for block in _blocks(lines):
            _write(descriptor, block)
    except OSError:
        return False
    return True


def _blocks(lines: Iterable[str]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for line in lines:
        data = line.encode("utf-8", "backslashreplace")
        if size + len(data) > _ATOMIC and block:
            yield b"".join(block)
            block, size = [], 0
        block.append(data)
        size += len(data)
    if block:
        yield b"".join(block)


def _write(descriptor: int, block: bytes) -> None:
    while block:
        try:
            block = block[os.write(descriptor, block) :]
        except BlockingIOError:
            # The terminal or pipe is shared with a process that made it non-blocking.
            if not select.select([], [descriptor], [], _WAIT_SECONDS)[1]:
                raise
