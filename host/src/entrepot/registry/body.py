"""The body of a request on its way into the storage: read once, hashed once, never held whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final, Protocol

from entrepot.errors import SizeInvalid
from entrepot.registry.names import Hasher

__all__ = ["CHUNK", "Body", "HashedSlice", "Input", "Receiving"]

CHUNK: Final = 2**20
"""How much is read, hashed and written at once, in bytes, where one body comes in alone."""

SMALL_CHUNK: Final = 2**18
"""The same where many come in."""


class Input(Protocol):
    """The input stream of a WSGI request (PEP 3333)."""

    def read(self, size: int, /) -> bytes: ...


class Body:
    """The body of one request, of ``length`` bytes, or of unknown length where that is None.

    A client that disconnects, or breaks the framing of a body in chunks, ends the body early: ``broken`` tells so, and
    what came before it counts. ``begun`` is whether anything asked for it.
    """

    def __init__(self, source: Input, length: int | None) -> None:
        self._source = source
        self.length = length
        self.received = 0
        self.broken = False
        self.begun = False
        self.ended = length == 0
        # A driver that fails leaves a thread behind that still reads.
        self._lock = Lock()

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        with self._lock:
            return self._read(size)

    def drain(self, limit: int, seconds: float) -> None:
        """Read and drop what is left: at most ``limit`` bytes, and no further read after ``seconds``."""
        end = time.monotonic() + seconds
        while not self.ended and limit > 0 and (left := end - time.monotonic()) > 0:
            if not self._lock.acquire(timeout=left):
                return
            try:
                limit -= len(self._read(min(SMALL_CHUNK, limit)))
            finally:
                self._lock.release()

    def _read(self, size: int) -> bytes:
        if self.ended:
            return b""
        self.begun = True
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

    def read_to(self, limit: int) -> bytes:
        """All that is left, or the first ``limit`` bytes of it."""
        pieces: list[bytes] = []
        while limit and not self.ended:
            pieces.append(self.read(limit))
            limit -= len(pieces[-1])
        return b"".join(pieces)

    def check_whole(self) -> None:
        """Raise SizeInvalid where the client broke off."""
        if self.broken:
            of = "" if self.length is None else f" of {self.length}"
            raise SizeInvalid(f"the body broke off after {self.received}{of} bytes")


class Receiving:
    """How many large slices this process takes in at the moment."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = Lock()

    @property
    def alone(self) -> bool:
        """Whether there is one only, so that other cores have nothing to do."""
        return self._count == 1

    def __enter__(self) -> None:
        with self._lock:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1


class HashedSlice:
    """``head`` and then at most ``limit`` bytes of a body, hashed while they are written.

    Reading the next chunk, hashing this one and writing it let go of the interpreter's lock. A slice that is alone
    lets them overlap: the first two run in threads of its own while the driver, which iterates, does the third.
    Among many, each does one after the other in smaller chunks: the cores are busy, and the memory adds up.
    """

    def __init__(
        self, body: Body, hasher: Hasher | None, limit: int, receiving: Receiving, *, head: bytes = b""
    ) -> None:
        self._body = body
        self._head = head
        self._hasher = hasher
        self._limit = limit
        self._receiving = receiving
        self._taken = 0

    def __iter__(self) -> Iterator[bytes]:
        data = self._head or self._next(SMALL_CHUNK)
        if self._body.ended:
            if data:
                self._hash(data)
                yield data
            return
        with self._receiving:
            yield from self._large(data)

    def _large(self, data: bytes) -> Iterator[bytes]:
        threads: ThreadPoolExecutor | None = None
        hashing: Future[None] | None = None
        try:
            while data:
                if hashing is not None:
                    hashing.result()
                    hashing = None
                if self._receiving.alone:
                    threads = threads or ThreadPoolExecutor(2, thread_name_prefix="upload")
                    reading = threads.submit(self._next, CHUNK)
                    hashing = threads.submit(self._hash, data)
                    yield data
                    data = reading.result()
                else:
                    self._hash(data)
                    yield data
                    data = self._next(SMALL_CHUNK)
            if hashing is not None:
                hashing.result()
        finally:
            # Where the driver has failed, the client is told so now and not when it sends its next byte.
            if threads is not None:
                threads.shutdown(wait=False)

    def _next(self, size: int) -> bytes:
        data = self._body.read(min(size, self._limit - self._taken)) if self._taken < self._limit else b""
        self._taken += len(data)
        return data

    def _hash(self, data: bytes) -> None:
        if self._hasher is not None:
            self._hasher.update(data)
