"""Bodies that are all different and whose digests cost nothing while the clock runs."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
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
        """Send every byte; ``sendfile`` from memory spares the generator a copy, where there is no TLS."""
        offset, end = 0, self.size - len(self.tail)
        while offset < end:
            if isinstance(sock, ssl.SSLSocket):
                block = os.pread(self.file, min(BLOCK, end - offset), offset)
                sock.sendall(block)
                offset += len(block)
            else:
                offset += os.sendfile(sock.fileno(), self.file, offset, end - offset)
        sock.sendall(self.tail)

    def content(self) -> bytes:
        """Every byte at once, of a small one."""
        return os.pread(self.file, self.size - len(self.tail), 0) + self.tail


class PayloadSource:
    """Makes payloads of one size, in bytes: random data held in memory, hashed once, and a tail for each.

    The tail follows from the payload's name and a secret of the source: the same name gives the same payload, in
    whichever process of this run, so that what a client has begun to push is known also when it died.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._secret = os.urandom(16)
        self._file = os.memfd_create("payload")
        self._hash = hashlib.sha256()
        left = size - TAIL
        while left > 0:
            block = os.urandom(min(BLOCK, left))
            os.write(self._file, block)
            self._hash.update(block)
            left -= len(block)

    def make(self, name: str) -> Payload:
        """The payload of a name."""
        tail = hashlib.blake2b(name.encode(), key=self._secret, digest_size=TAIL).digest()[: self.size]
        whole = self._hash.copy()
        whole.update(tail)
        return Payload(self._file, self.size, tail, f"sha256:{whole.hexdigest()}")

    def close(self) -> None:
        """Give the memory back."""
        os.close(self._file)
