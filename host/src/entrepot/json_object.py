"""JSON parsing compatible with Go's decoder, because most clients that read manifests are written in Go."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

__all__ = ["load_object", "without_surrogates"]

_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def load_object(content: bytes) -> dict[str, object] | None:
    """Returns the JSON object encoded in UTF-8 bytes, or None for any other JSON value.

    - A member whose value is null is treated as absent, at every depth.
    - A lone surrogate becomes U+FFFD, so that every string can be encoded in UTF-8.

    Raises ValueError if it is not JSON in UTF-8, or contains NaN or Infinity (RFC 8259, 6).
    """
    try:
        value = _load(content.decode("utf-8"))
        if _ESCAPE.search(content):
            value = _load(without_surrogates(json.dumps(value, ensure_ascii=False)))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value if isinstance(value, dict) else None


def without_surrogates(text: str) -> str:
    """Returns the text with every lone surrogate replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def _load(text: str) -> object:
    return json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in pairs if value is not None}


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
