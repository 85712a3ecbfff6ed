"""Incompressible bodies, which share random data and have unique tails."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Final

__all__ = ["CHUNK", "KIB", "MIB", "Body", "plain", "words"]

KIB: Final = 2**10
MIB: Final = 2**20
CHUNK: Final = MIB
TAIL: Final = 16


class _Source:
    """Random data, extended on demand."""

    def __init__(self) -> None:
        self._data = b""

    def first(self, size: int) -> memoryview:
        if len(self._data) < size:
            self._data += os.urandom(size - len(self._data))
        return memoryview(self._data)[:size]


_SOURCE: Final = _Source()


class Body:
    """``size`` random bytes, of which the last 16 are unique."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._tail = os.urandom(min(TAIL, size))
        self._head = _SOURCE.first(size - len(self._tail))

    def whole(self) -> bytes:
        """Return all bytes in one piece."""
        return b"".join((self._head, self._tail))

    def chunks(self) -> Iterator[memoryview | bytes]:
        """Yield chunks of 1 MiB, and the rest."""
        for start in range(0, self.size, CHUNK):
            yield self._part(start, min(self.size, start + CHUNK))

    def digest(self, offset: int = 0, length: int | None = None) -> str:
        """Return the sha256 of the bytes, or of ``length`` bytes from ``offset``."""
        end = self.size if length is None else min(self.size, offset + length)
        hasher = hashlib.sha256()
        for start in range(offset, end, CHUNK):
            hasher.update(self._part(start, min(end, start + CHUNK)))
        return hasher.hexdigest()

    def _part(self, start: int, end: int) -> memoryview | bytes:
        edge = len(self._head)
        if end <= edge:
            return self._head[start:end]
        return b"".join((self._head[start:], self._tail[max(0, start - edge) : end - edge]))


def words(size: int) -> str:
    """Format a size, such as 4 KiB."""
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def plain(size: int) -> str:
    """Format a size without the space, for test parameters."""
    return words(size).replace(" ", "")
