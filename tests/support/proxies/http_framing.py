"""Framing of HTTP/1.1 messages (RFC 9112, section 6), for programs that forward messages unchanged."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

__all__ = ["BrokenMessageError", "Head", "Stream", "body_of_answer", "body_of_request"]

_PIECE = 256 * 1024


class BrokenMessageError(ConnectionError):
    """A peer closed its connection in the middle of a message, or sent something other than HTTP/1.1."""


class Stream:
    """Input from a socket. Reading the head of a message may buffer bytes after it."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._ahead = b""

    @property
    def ahead(self) -> bool:
        """Whether there are buffered bytes."""
        return bool(self._ahead)

    def until(self, mark: bytes) -> bytes:
        """Return all bytes up to and including the mark, or no bytes if the peer closed before sending any.

        Raises BrokenMessageError if it closed later.
        """
        while mark not in self._ahead:
            if not (data := self._source.recv(_PIECE)):
                if self._ahead:
                    raise BrokenMessageError(f"closed after {len(self._ahead)} bytes")
                return b""
            self._ahead += data
        end = self._ahead.index(mark) + len(mark)
        found, self._ahead = self._ahead[:end], self._ahead[end:]
        return found

    def exactly(self, size: int) -> Iterator[bytes]:
        """Yield this many bytes, in chunks.

        Raises BrokenMessageError if the peer closes earlier.
        """
        while size:
            if self._ahead:
                data, self._ahead = self._ahead[:size], self._ahead[size:]
            elif not (data := self._source.recv(min(size, _PIECE))):
                raise BrokenMessageError(f"closed with {size} bytes missing")
            size -= len(data)
            yield data

    def rest(self) -> Iterator[bytes]:
        """Yield all bytes until the peer closes."""
        if self._ahead:
            data, self._ahead = self._ahead, b""
            yield data
        while data := self._source.recv(_PIECE):
            yield data


@dataclass(frozen=True, slots=True)
class Head:
    """The start line, split at spaces, and the headers. ``raw`` is the unchanged text of both with the empty line."""

    start: tuple[str, str, str]
    headers: dict[str, str]
    raw: bytes

    @classmethod
    def read(cls, stream: Stream) -> Self | None:
        """Read the next head. Returns None if the peer closed instead."""
        if not (raw := stream.until(b"\r\n\r\n")):
            return None
        first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        start = (*first.split(" ", 2), "", "")
        pairs = (line.partition(":") for line in lines)
        return cls((start[0], start[1], start[2]), {name.lower(): value.strip() for name, _, value in pairs}, raw)

    @property
    def chunked(self) -> bool:
        """Whether the body uses the chunked transfer coding."""
        return self.headers.get("transfer-encoding", "").lower().endswith("chunked")

    @property
    def closing(self) -> bool:
        """Whether the connection is closed after this message."""
        return self.headers.get("connection", "").lower() == "close" or "HTTP/1.0" in self.start

    @property
    def waiting(self) -> bool:
        """Whether the sender waits for "100 Continue" before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"


def body_of_request(head: Head, stream: Stream) -> Iterator[bytes]:
    """Yield the body of a request, encoded as received."""
    if head.chunked:
        return _chunks(stream)
    return stream.exactly(int(head.headers.get("content-length", "0")))


def body_of_answer(head: Head, method: str, stream: Stream) -> Iterator[bytes]:
    """Yield the body of a response to ``method``, encoded as received."""
    status = int(head.start[1])
    if method == "HEAD" or status < 200 or status in {204, 304}:
        return iter(())
    if head.chunked:
        return _chunks(stream)
    if "content-length" in head.headers:
        return stream.exactly(int(head.headers["content-length"]))
    return stream.rest()


def _chunks(stream: Stream) -> Iterator[bytes]:
    size = -1
    while size:
        line = _line(stream)
        yield line
        size = int(line.partition(b";")[0], 16)
        if size:
            yield from stream.exactly(size + len(b"\r\n"))
    while (trailer := _line(stream)) != b"\r\n":
        yield trailer
    yield trailer


def _line(stream: Stream) -> bytes:
    if not (line := stream.until(b"\r\n")):
        raise BrokenMessageError("closed between two chunks")
    return line
