"""Unique request bodies, with digests that are cheap to compute."""

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
    """A blob of ``size`` bytes: the source's random bytes, followed by a unique tail."""

    file: int
    size: int
    tail: bytes
    digest: str

    def send(self, sock: socket.socket) -> None:
        """Send the blob; without TLS, with ``sendfile`` from memory, which avoids a copy."""
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
        """Return the content; for small payloads."""
        return os.pread(self.file, self.size - len(self.tail), 0) + self.tail


class PayloadSource:
    """Creates payloads of one size, in bytes, from random data in memory that is hashed once, and a unique tail.

    The tail is derived from the payload's name and a secret of the source: the same name gives the same payload in all
    processes of a run, so that the parent can compute what a crashed client has pushed.
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
        """Create the payload for a name."""
        tail = hashlib.blake2b(name.encode(), key=self._secret, digest_size=TAIL).digest()[: self.size]
        hasher = self._hash.copy()
        hasher.update(tail)
        return Payload(self._file, self.size, tail, f"sha256:{hasher.hexdigest()}")

    def close(self) -> None:
        """Release the memory."""
        os.close(self._file)
