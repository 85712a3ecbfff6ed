"""The headers Range and Content-Range (RFC 9110, 14; distribution-spec, "Pushing a blob in chunks")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from entrepot.errors import RangeInvalid, RangeNotSatisfiable, SizeInvalid

__all__ = ["Part", "chunk_offset", "requested_parts"]

_DIGITS: Final = 18
_UNIT: Final = re.compile(r"\s*bytes\s*=", re.IGNORECASE)
_RANGE: Final = re.compile(r"([0-9]*)\s*-\s*([0-9]*)\Z")
_BEYOND: Final = 10**_DIGITS
"""Larger than any blob; larger numbers are treated the same."""

_MAX_RANGES: Final = 1000
_CHUNK: Final = re.compile(rf"(?:bytes[ =])?([0-9]{{1,{_DIGITS}}})-([0-9]{{1,{_DIGITS}}})(?:/(?:\*|[0-9]+))?\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a blob of ``total`` bytes: ``length`` bytes from ``offset`` on."""

    offset: int
    length: int
    total: int

    def __str__(self) -> str:
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{self.total}"


def requested_parts(header: str | None, size: int) -> list[Part]:
    """Returns the parts of a blob that a Range header requests, in its order; empty if the whole blob is to be sent.

    - A header that does not parse is ignored (RFC 9110, 14.2), and so are empty list elements (5.6.1).
    - A range that contains no byte of the blob is skipped.
    - More than 1,000 ranges, or ranges whose total size exceeds the blob, are ignored (14.2, 17.15).

    Raises RangeNotSatisfiable if no range contains a byte of the blob.
    """
    unit = _UNIT.match(header) if header else None
    if header is None or unit is None:
        return []
    ranges = [text for element in header[unit.end() :].split(",") if (text := element.strip())]
    if len(ranges) > _MAX_RANGES:
        return []
    parts = list[Part]()
    for match in map(_RANGE.match, ranges):
        if match is None or match.group() == "-":
            return []
        first, last = (_number(text) for text in match.groups())
        if first is not None and last is not None and first > last:
            return []
        offset = first if first is not None else max(0, size - (last or 0))
        end = size if first is None or last is None else min(size, last + 1)
        if offset < end:
            parts.append(Part(offset, end - offset, size))
    if ranges and not parts:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return parts if sum(part.length for part in parts) <= size else []


def _number(text: str) -> int | None:
    if not text:
        return None
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else _BEYOND


def chunk_offset(header: str | None, length: int | None) -> int | None:
    """Returns the offset of an upload's chunk, or None if the client did not send it.

    Raises RangeInvalid if the header is malformed, SizeInvalid if it does not match the body's length.
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
        raise SizeInvalid(f"Content-Range has {last - first + 1} bytes, but Content-Length is {length}")
    return first
