"""Incremental encryption into chunks, in one call or over several appends."""

from __future__ import annotations

from collections.abc import Iterator

from entrepot_contract import Chunks
from entrepot_storage_layers.encrypt.format import CHUNK, FIRST, TAG, Header

__all__ = ["Sealing"]

TOGETHER = 2**20
"""Approximate number of bytes per yielded piece."""


class Sealing:
    """An object that is being encrypted: ``number`` full chunks have been returned, and ``tail`` is incomplete.

    A full chunk is also kept until the next byte is added, because it may be the last one.
    """

    def __init__(self, header: Header, number: int = 0, previous: bytes = FIRST, tail: bytes = b"") -> None:
        self.header = header
        self.number = number
        self.previous = previous
        self.tail = bytearray(tail)

    @property
    def plain_size(self) -> int:
        """The number of bytes added so far."""
        return self.number * CHUNK + len(self.tail)

    def more(self, data: Chunks) -> Iterator[bytes]:
        """Encrypt more bytes, and yield pieces of about 1 MiB; ``tail`` is valid after the last one."""
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
        """Return the last chunk."""
        return self._seal(last=True)

    def _seal(self, *, last: bool) -> bytes:
        with memoryview(self.tail) as view, view[:CHUNK] as plain:
            sealed = self.header.seal(self.number, self.previous, plain, last=last)
        if not self.number:
            sealed = bytes(self.header) + sealed
        self.number += 1
        self.previous = sealed[-TAG:]
        return sealed
