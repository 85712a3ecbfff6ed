"""The body of a request on its way to the storage: read once, hashed once, never entirely in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final, Protocol

from entrepot.errors import SizeInvalid
from entrepot.registry.names import Hasher

__all__ = ["CHUNK", "ActiveUploads", "Body", "HashingStream", "Input"]

CHUNK: Final = 2**20
"""Bytes read, hashed and written at once while only one large body is being received."""

SMALL_CHUNK: Final = 2**18
"""Bytes read, hashed and written at once while several are being received."""


class Input(Protocol):
    """The input stream of a WSGI request (PEP 3333)."""

    def read(self, size: int, /) -> bytes: ...


class Body:
    """The body of one request, of ``length`` bytes, or of unknown length if that is None.

    If the client disconnects or breaks the framing of a chunked body, the body ends early with ``broken`` set, and the
    bytes received before are kept. ``begun`` is whether anything has been read.
    """

    def __init__(self, source: Input, length: int | None) -> None:
        self._source = source
        self.length = length
        self.received = 0
        self.broken = False
        self.begun = False
        self.ended = length == 0
        # A driver that fails may leave a thread behind that is still reading.
        self._lock = Lock()

    def read(self, size: int) -> bytes:
        """Returns at most ``size`` bytes; empty at the end."""
        with self._lock:
            return self._read(size)

    def drain(self, limit: int, seconds: float) -> None:
        """Read and discard the rest: at most ``limit`` bytes, and no further read after ``seconds``."""
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
            # However the server reports a disconnect, the bytes received before are valid and the upload can resume.
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
        """Returns the rest of the body, or its first ``limit`` bytes."""
        pieces: list[bytes] = []
        while limit and not self.ended:
            pieces.append(self.read(limit))
            limit -= len(pieces[-1])
        return b"".join(pieces)

    def check_whole(self) -> None:
        """Raise SizeInvalid if the body is incomplete."""
        if self.broken:
            of = "" if self.length is None else f" of {self.length}"
            raise SizeInvalid(f"the body ended after {self.received}{of} bytes")


class ActiveUploads:
    """Counts the large slices that this process is receiving."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = Lock()

    @property
    def alone(self) -> bool:
        """Whether there is only one, so that other cores are idle."""
        return self._count == 1

    def __enter__(self) -> None:
        with self._lock:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1


class HashingStream:
    """``head`` followed by at most ``limit`` bytes of a body, hashed while they are written.

    Reading the next chunk, hashing this one and writing it all release the GIL. For a single slice they overlap: the
    first two run in their own threads while the driver, which iterates, writes. With several slices, each works
    sequentially in smaller chunks: the cores are busy, and memory adds up.
    """

    def __init__(
        self, body: Body, hasher: Hasher | None, limit: int, receiving: ActiveUploads, *, head: bytes = b""
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
            # If the driver has failed, respond now and do not wait for the client's next bytes.
            if threads is not None:
                threads.shutdown(wait=False)

    def _next(self, size: int) -> bytes:
        data = self._body.read(min(size, self._limit - self._taken)) if self._taken < self._limit else b""
        self._taken += len(data)
        return data

    def _hash(self, data: bytes) -> None:
        if self._hasher is not None:
            self._hasher.update(data)
