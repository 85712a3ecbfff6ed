"""Large bodies that are all different and whose digests cost nothing while the clock runs."""

from __future__ import annotations

import hashlib
import os
import socket
from dataclasses import dataclass

__all__ = ["Payload", "PayloadSource"]

TAIL = 64
BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Payload:
    """A blob of ``size`` bytes: the source's random bytes, then a tail of its own."""

    file: int
    size: int
    tail: bytes
    digest: str

    def send(self, sock: socket.socket) -> None:
        """Send every byte; ``sendfile`` from memory spares the generator a copy."""
        offset, end = 0, self.size - len(self.tail)
        while offset < end:
            offset += os.sendfile(sock.fileno(), self.file, offset, end - offset)
        sock.sendall(self.tail)


class PayloadSource:
    """Makes payloads of one size, in bytes: random data held in memory, hashed once, and a random tail for each."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._file = os.memfd_create("payload")
        self._hash = hashlib.sha256()
        left = size - TAIL
        while left:
            block = os.urandom(min(BLOCK, left))
            os.write(self._file, block)
            self._hash.update(block)
            left -= len(block)

    def make(self) -> Payload:
        """A payload that was never made before."""
        tail = os.urandom(TAIL)
        whole = self._hash.copy()
        whole.update(tail)
        return Payload(self._file, self.size, tail, f"sha256:{whole.hexdigest()}")

    def close(self) -> None:
        """Give the memory back."""
        os.close(self._file)
