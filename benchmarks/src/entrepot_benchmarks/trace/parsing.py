"""Parsing and formatting of the lines of a trace."""

from __future__ import annotations

import re
import sys
from typing import Final

from entrepot.errors import NameInvalid
from entrepot.registry.names import MAX_NAME_LENGTH, check_name
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.record import (
    ABSENT,
    KINDS,
    MAX_BLOB_SIZE,
    MAX_BLOBS,
    MAX_MANIFEST_SIZE,
    MIN_BLOB_SIZE,
    NOTHING,
    Kind,
    Record,
)

__all__ = ["format_record", "parse_record"]

_GAP: Final = re.compile(r"[ \t]+")
_TIME: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?\Z")
_SIZE: Final = re.compile(r"[0-9]{1,13}\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in KINDS}
_SHOWN: Final = 60


def parse_record(text: str, line: int = 0) -> Record:
    """Parse a line that is neither blank nor a comment.

    Raises BenchmarkError, without the position of the line, if it is malformed.
    """
    fields = _GAP.split(text.strip(" \t\r\n"))
    if not 6 <= len(fields) <= 7:
        raise BenchmarkError(
            f"{len(fields)} columns; expected 6: time method what repository object size, "
            "and optionally the blobs of a pushed manifest, separated by commas"
        )
    time, method, what, repository, name, size = fields[:6]
    if _TIME.match(time) is None:
        raise BenchmarkError(f"invalid time {_shown(time)}: expected seconds since the start, such as 12.25")
    kind = _KINDS.get(f"{method} {what}")
    if kind is None:
        raise BenchmarkError(f"unknown request {_shown(f'{method} {what}')}: expected one of {', '.join(KINDS)}")
    try:
        repository = check_name(repository)  # interned, because a replay keeps all of them
    except NameInvalid:
        raise BenchmarkError(
            f"invalid repository {_shown(repository)}: expected at most {MAX_NAME_LENGTH} characters of a-z, 0-9, "
            "separated by . _ __ - or /, such as library/nginx"
        ) from None
    blobs = _blobs(kind, fields[6]) if len(fields) == 7 else ()
    return Record(float(time), kind, repository, _name(kind, name), _size(kind, size), blobs, line)


def format_record(record: Record) -> str:
    """Format a request as a line, without the line end.

    Raises BenchmarkError if it cannot be represented.
    """
    size = ABSENT if record.absent else NOTHING if record.size is None else str(record.size)
    text = f"{record.time:.6f} {record.kind} {record.repository} {record.name or NOTHING} {size}"
    if record.blobs:
        text += f" {','.join(record.blobs)}"
    if parse_record(text) != record:
        raise BenchmarkError(f"cannot represent {record!r}: times have six decimals, and only pushes name blobs")
    return text


def _name(kind: Kind, text: str) -> str:
    if kind == "GET tags":
        if text != NOTHING:
            raise BenchmarkError(f"invalid object {_shown(text)} for a list of tags: expected {NOTHING}")
        return ""
    if _NAME.match(text) is None:
        raise BenchmarkError(f"invalid object {_shown(text)}: {_GRAMMAR}")
    return sys.intern(text)


def _size(kind: Kind, text: str) -> int | None:
    if kind == "GET tags":
        if text != NOTHING:
            raise BenchmarkError(f"invalid size {_shown(text)} for a list of tags: expected {NOTHING}")
        return None
    if text == ABSENT and not kind.startswith("PUT"):
        return None
    least, most = (MIN_BLOB_SIZE, MAX_BLOB_SIZE) if kind.endswith("blob") else (1, MAX_MANIFEST_SIZE)
    if _SIZE.match(text) is None or not least <= int(text) <= most:
        absent = "" if kind.startswith("PUT") else f", or {ABSENT} if the expected status is 404"
        raise BenchmarkError(f"invalid size {_shown(text)} for a {kind}: expected {least} to {most} bytes{absent}")
    return int(text)


def _blobs(kind: Kind, text: str) -> tuple[str, ...]:
    if kind != "PUT manifest":
        raise BenchmarkError(f"a {kind} has no seventh column: only a PUT manifest names blobs; remove it")
    names = tuple(text.split(","))
    if len(names) > MAX_BLOBS:
        raise BenchmarkError(f"a manifest names {len(names)} blobs: at most {MAX_BLOBS} are allowed")
    for name in names:
        if _NAME.match(name) is None:
            raise BenchmarkError(f"invalid blob {_shown(name)}: {_GRAMMAR}, with blobs separated by commas")
    return names


_GRAMMAR: Final = "expected at most 128 characters of A-Z, a-z, 0-9, . _ - that do not begin with . or -"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
