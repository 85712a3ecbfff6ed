"""What servers share: answers that are sent piece by piece, and clients that do not read them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Downloads"]

_MANY: Final = 16
_SMALL_PIECE: Final = 64 * 2**10
_STILL_SECONDS: Final = 10.0


class Downloads:
    """The answers of one worker that are no list of bytes, but an iterable: blobs.

    - While more than 16 are being sent, their pieces are cut to 64 KiB: servers queue several for each client.
    - While half of the worker's threads wait for clients that have taken nothing for 10 s, further ones are answered
      with 503 and ``Retry-After``, so that the other half serves who reads.
    """

    def __init__(self, threads: int) -> None:
        self._most_still = max(1, threads // 2)
        self._running: set[_Download] = set()

    @property
    def many(self) -> bool:
        """Whether pieces are to be small."""
        return len(self._running) > _MANY

    def wrap(
        self, application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    ) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        """The application with these rules."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            answer = application(environ, start_response)
            if isinstance(answer, list):
                return answer
            download = _Download(answer, self)
            if self._are_crowded():
                download.close()
                refused = ConnectionError("too many clients do not read")
                headers = [("Content-Length", "0"), ("Retry-After", "10")]
                start_response("503 Service Unavailable", headers, (ConnectionError, refused, None))  # type: ignore[arg-type]
                return []
            self._running.add(download)
            return download

        return serve

    def ended(self, download: _Download) -> None:
        """Forget an answer."""
        self._running.discard(download)

    def _are_crowded(self) -> bool:
        if len(self._running) < self._most_still:
            return False
        before = time.monotonic() - _STILL_SECONDS
        return sum(one.moved < before for one in self._running.copy()) >= self._most_still


class _Download:
    """One answer, iterated by the server as fast as its client reads."""

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
            if len(data) <= _SMALL_PIECE or not self._downloads.many:
                return data
            self._rest, self._offset = data, 0
        begin, self._offset = self._offset, self._offset + _SMALL_PIECE
        piece = self._rest[begin : self._offset]
        if self._offset >= len(self._rest):
            self._rest = b""
        return piece

    def close(self) -> None:
        """Close the source (PEP 3333). Idempotent."""
        self._downloads.ended(self)
        self._rest = b""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
