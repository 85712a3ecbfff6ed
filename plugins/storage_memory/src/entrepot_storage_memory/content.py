"""Bytes in the pieces that they came in: joining them would copy all of a large object once more."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from entrepot_contract import Chunks

CHUNK: Final = 2**20
LEAST: Final = 2**16
"""Smaller chunks are collected: a piece has its own cost, whatever its size."""


class Content:
    """The bytes of one object, never changed."""

    __slots__ = ("_ends", "_pieces", "size")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._ends = list(accumulate(map(len, pieces)))
        self.size = self._ends[-1] if self._ends else 0

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from ``start`` to ``end``, in chunks of at most 1 MiB."""
        index = bisect_right(self._ends, start)
        while start < end:
            piece, last = self._pieces[index], self._ends[index]
            stop = min(last, end, start + CHUNK)
            before = last - len(piece)
            yield piece[start - before : stop - before]
            start = stop
            index += start == last


def pieces_of(data: Chunks) -> Iterable[bytes]:
    """What arrives in chunks, in pieces of a sensible size; each byte is copied once at most where chunks are large."""
    small = bytearray()
    for chunk in data:
        view = memoryview(chunk)
        if view.nbytes < LEAST:
            small += view
            if len(small) < CHUNK:
                continue
        if small:
            yield bytes(small)
            small.clear()
        if view.nbytes >= LEAST:
            yield bytes(chunk)
    if small:
        yield bytes(small)
