"""Content as a list of the chunks received: joining them would copy a large object once more."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Sequence
from itertools import accumulate
from typing import Final

from entrepot_contract import Chunks

CHUNK: Final = 2**20
LEAST: Final = 2**16
"""Smaller chunks are merged, because each piece has a constant overhead."""


class Content:
    """The immutable bytes of one object."""

    __slots__ = ("_ends", "_pieces", "size")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._ends = list(accumulate(map(len, pieces)))
        self.size = self._ends[-1] if self._ends else 0

    def part(self, start: int, end: int) -> Generator[bytes]:
        """Yield the bytes from ``start`` to ``end``, in chunks of at most 1 MiB."""
        index = bisect_right(self._ends, start)
        while start < end:
            piece, last = self._pieces[index], self._ends[index]
            stop = min(last, end, start + CHUNK)
            before = last - len(piece)
            yield piece[start - before : stop - before]
            start = stop
            index += start == last


def pieces_of(data: Chunks) -> Iterable[bytes]:
    """Yield the chunks as pieces of a reasonable size; bytes of large chunks are copied at most once."""
    small = bytearray()
    for chunk in data:
        if len(chunk) < LEAST:
            small += chunk
            if len(small) < CHUNK:
                continue
        if small:
            yield bytes(small)
            small.clear()
        if len(chunk) >= LEAST:
            yield bytes(chunk)
    if small:
        yield bytes(small)
