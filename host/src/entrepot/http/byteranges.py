"""Several ranges of a blob in one response: multipart/byteranges (RFC 9110, 14.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from secrets import token_hex

from entrepot.http.ranges import Part
from entrepot_contract import Reader

__all__ = ["ByteRanges"]


class ByteRanges:
    """Iterates over the body; opens the parts one after another, the first one in the constructor.

    ``open_part`` returns a reader of a part; its exceptions for the first part are propagated. ``length`` is the
    length of the body in bytes.
    """

    def __init__(self, parts: Sequence[Part], media_type: str, open_part: Callable[[Part], Reader]) -> None:
        boundary = token_hex(16)
        head = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {{}}\r\n\r\n"
        self.content_type = f"multipart/byteranges; boundary={boundary}"
        self._heads = [head.format(part).encode() for part in parts]
        self._end = f"\r\n--{boundary}--\r\n".encode()
        self.length = sum(map(len, self._heads)) + sum(part.length for part in parts) + len(self._end)
        self._parts = parts
        self._open_part = open_part
        self._reader: Reader | None = open_part(parts[0])

    def __iter__(self) -> Iterator[bytes]:
        for part, head in zip(self._parts, self._heads, strict=True):
            if self._reader is None:
                self._reader = self._open_part(part)
            yield head
            yield from self._reader
            self.close()
        yield self._end

    def close(self) -> None:
        """Close the current part. Idempotent."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
