"""Strict JSON parsing, without duplicate members."""

from __future__ import annotations

import json
from typing import NoReturn

__all__ = ["parse_object"]


def parse_object(text: bytes) -> dict[str, object]:
    """Parse a JSON object in UTF-8, without duplicate members, NaN or Infinity (RFC 7519, 4; RFC 8259, 4 and 6).

    Raises ValueError; the message may contain parts of the text.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_members, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the text is invalid
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
