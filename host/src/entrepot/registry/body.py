"""The body of a request on its way into the storage: read once, hashed once, never held whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from entrepot.registry.names import Hasher

__all__ = ["CHUNK", "Body", "HashedSlice", "Input"]

CHUNK: Final = 2**20
"""How much is read, hashed and written at once, in bytes."""


class Input(Protocol):
    """The input stream of a WSGI request (PEP 3333)."""

    def read(self, size: int, /) -> bytes: ...


class Body:
    """The body of one request, of ``length`` bytes, or of unknown length where that is None.

    A client that disconnects ends the body early: ``broken`` tells so, and what came before it counts.
    """

    def __init__(self, source: Input, length: int | None) -> None:
        self._source = source
        self.length = length
        self.received = 0
        self.broken = False
        self.ended = length == 0

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        if self.ended:
            return b""
        if self.length is not None:
            size = min(size, self.length - self.received)
        try:
            data = self._source.read(size)
        except (OSError, EOFError):
            # However a server tells that its client has gone, the bytes before are good and the upload can go on.
            data = b""
            self.broken = True
        self.received += len(data)
        if self.length is None:
            self.ended = not data
        elif self.received >= self.length:
            self.ended = True
        elif not data:
            self.ended = True
            self.broken = True
        return data


class HashedSlice:
    """At most ``limit`` bytes of a body, hashed while they are written.

    Reading the next chunk, hashing this one and writing it let go of the interpreter's lock, so they overlap:
    the first two run in threads of this slice while the driver, which iterates, does the third. The threads are
    the slice's own, because a client that stalls must hold up no other.
    """

    def __init__(self, body: Body, hasher: Hasher | None, limit: int) -> None:
        self._body = body
        self._hasher = hasher
        self._limit = limit
        self._taken = 0

    def __iter__(self) -> Iterator[bytes]:
        data = self._next()
        if self._body.ended:
            if data:
                self._hash(data)
                yield data
            return
        threads = ThreadPoolExecutor(2, thread_name_prefix="upload")
        try:
            hashing = threads.submit(self._hash, b"")
            while data:
                reading = threads.submit(self._next)
                hashing.result()
                hashing = threads.submit(self._hash, data)
                yield data
                data = reading.result()
            hashing.result()
        finally:
            # Where the driver has failed, the client is told so now and not when it sends its next byte.
            threads.shutdown(wait=False)

    def _next(self) -> bytes:
        data = self._body.read(min(CHUNK, self._limit - self._taken)) if self._taken < self._limit else b""
        self._taken += len(data)
        return data

    def _hash(self, data: bytes) -> None:
        if self._hasher is not None:
            self._hasher.update(data)
