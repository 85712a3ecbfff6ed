"""The headers Range and Content-Range (RFC 9110, 14; distribution-spec, "Pushing a blob in chunks")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from entrepot.errors import RangeInvalid, RangeNotSatisfiable, SizeInvalid

__all__ = ["Part", "chunk_offset", "requested_part"]

_DIGITS: Final = 18
_RANGE: Final = re.compile(rf"\s*bytes\s*=\s*([0-9]{{0,{_DIGITS}}})\s*-\s*([0-9]{{0,{_DIGITS}}})\s*\Z", re.IGNORECASE)
_CHUNK: Final = re.compile(rf"(?:bytes[ =])?([0-9]{{1,{_DIGITS}}})-([0-9]{{1,{_DIGITS}}})(?:/(?:\*|[0-9]+))?\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a blob of ``total`` bytes: ``length`` bytes from ``offset`` on."""

    offset: int
    length: int
    total: int

    def __str__(self) -> str:
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{self.total}"


def requested_part(header: str | None, size: int) -> Part | None:
    """The part of a blob that a Range header asks for, or None where the whole blob is the right answer.

    A header that does not parse is ignored, and so is one with several ranges (RFC 9110, 14.2).
    Raises RangeNotSatisfiable where the range has no byte of the blob.
    """
    match = _RANGE.match(header) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if first and last and int(first) > int(last):
        return None
    offset = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if offset >= end:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return Part(offset, end - offset, size)


def chunk_offset(header: str | None, length: int | None) -> int | None:
    """Where a chunk of an upload begins, or None where the client does not say.

    Raises RangeInvalid where the header breaks the grammar, SizeInvalid where it disagrees with the body's length.
    """
    if header is None:
        return None
    match = _CHUNK.match(header.strip())
    if match is None:
        raise RangeInvalid("Content-Range must be <first>-<last>")
    first, last = (int(group) for group in match.groups())
    if last < first and length != 0:
        raise RangeInvalid("Content-Range ends before it begins")
    if length is not None and last - first + 1 != length:
        raise SizeInvalid(f"Content-Range names {last - first + 1} bytes and Content-Length {length}")
    return first
