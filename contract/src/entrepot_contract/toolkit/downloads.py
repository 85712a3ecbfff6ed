"""Streamed responses: limits on buffering and on clients that do not read, shared by server plugins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Downloads"]

_MAX_LARGE_CHUNKS: Final = 16
_SMALL_CHUNK: Final = 64 * 2**10
_STALLED_SECONDS: Final = 10.0


class Downloads:
    """The streamed responses of one worker: those whose body is an iterator, not a list (blobs).

    - While more than 16 are being sent, chunks are cut to 64 KiB, because servers queue several chunks per client.
    - While half of the worker's threads wait for clients that have read nothing for 10 s, further downloads get 503
      with ``Retry-After``, so that the other half of the threads stays free for clients that read.
    """

    def __init__(self, threads: int) -> None:
        self._max_stalled = max(1, threads // 2)
        self._running: set[_Download] = set()

    @property
    def many(self) -> bool:
        """Whether chunks have to be small."""
        return len(self._running) > _MAX_LARGE_CHUNKS

    def wrap(
        self, application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    ) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        """Return the application with these limits applied."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            body = application(environ, start_response)
            if isinstance(body, list):
                return body
            download = _Download(body, self)
            if self._has_too_many_stalled():
                download.close()
                refused = ConnectionError("too many clients do not read")
                headers = [("Content-Length", "0"), ("Retry-After", "10")]
                start_response("503 Service Unavailable", headers, (ConnectionError, refused, None))  # type: ignore[arg-type]
                return []
            self._running.add(download)
            return download

        return serve

    def ended(self, download: _Download) -> None:
        """Remove a finished response."""
        self._running.discard(download)

    def _has_too_many_stalled(self) -> bool:
        if len(self._running) < self._max_stalled:
            return False
        before = time.monotonic() - _STALLED_SECONDS
        return sum(one.moved < before for one in self._running.copy()) >= self._max_stalled


class _Download:
    """One response body, iterated by the server as fast as the client reads."""

    def __init__(self, source: Iterable[bytes], downloads: Downloads) -> None:
        self._source = source
        self._next = iter(source).__next__
        self._downloads = downloads
        self._rest = b""
        self._offset = 0
        self.moved = time.monotonic()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.moved = time.monotonic()
        if not self._rest:
            data = self._next()
            if len(data) <= _SMALL_CHUNK or not self._downloads.many:
                return data
            self._rest, self._offset = data, 0
        begin, self._offset = self._offset, self._offset + _SMALL_CHUNK
        chunk = self._rest[begin : self._offset]
        if self._offset >= len(self._rest):
            self._rest = b""
        return chunk

    def close(self) -> None:
        """Close the source (PEP 3333). Idempotent."""
        self._downloads.ended(self)
        self._rest = b""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
