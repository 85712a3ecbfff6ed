"""Bytes on their way into encrypted chunks, in one go or over many appends."""

from __future__ import annotations

from collections.abc import Iterator

from entrepot_contract import Chunks
from entrepot_storage_layers.encrypt.format import CHUNK, FIRST, TAG, Header

__all__ = ["Sealing"]

TOGETHER = 2**20
"""About so many bytes are given on at once."""


class Sealing:
    """An object that is being encrypted: ``number`` full chunks are given on, and ``tail`` waits for more bytes.

    A full chunk waits too until one more byte has come, as it may be the last.
    """

    def __init__(self, header: Header, number: int = 0, previous: bytes = FIRST, tail: bytes = b"") -> None:
        self.header = header
        self.number = number
        self.previous = previous
        self.tail = bytearray(tail)

    @property
    def plain_size(self) -> int:
        """How many bytes have come."""
        return self.number * CHUNK + len(self.tail)

    def more(self, data: Chunks) -> Iterator[bytes]:
        """What becomes of more bytes, in pieces of about 1 MiB; ``tail`` is right once all of them were taken."""
        ready: list[bytes] = []
        for chunk in data:
            self.tail += chunk
            while len(self.tail) > CHUNK:
                ready.append(self._seal(last=False))
                del self.tail[:CHUNK]
                if len(ready) * CHUNK >= TOGETHER:
                    yield b"".join(ready)
                    ready.clear()
        if ready:
            yield b"".join(ready)

    def end(self) -> bytes:
        """The end of the object, with the last chunk."""
        return self._seal(last=True)

    def _seal(self, *, last: bool) -> bytes:
        with memoryview(self.tail) as view, view[:CHUNK] as plain:
            sealed = self.header.seal(self.number, self.previous, plain, last=last)
        if not self.number:
            sealed = bytes(self.header) + sealed
        self.number += 1
        self.previous = sealed[-TAG:]
        return sealed
