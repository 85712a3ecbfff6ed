"""Escaping of log fields, so that no value can end the line or forge another field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["json_fields", "json_value", "text_fields", "text_value"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/@+,;()%&?*!\[\]-]+\Z").match
_JSON_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*\Z").match
_escape: Final = json.JSONEncoder().encode


def text_value(value: str) -> str:
    """Returns a value for ``key=value``: unchanged, or quoted with everything but printable ASCII escaped."""
    return value if _PLAIN(value) else _escape(value)


def json_value(value: str) -> str:
    """Returns a JSON string; checking that a value needs no escaping is cheaper than escaping it."""
    return f'"{value}"' if _JSON_PLAIN(value) else _escape(value)


def text_fields(fields: Mapping[str, str]) -> str:
    """Returns constant fields for every line, each preceded by a space."""
    return "".join(f" {text_value(name)}={text_value(value)}" for name, value in fields.items())


def json_fields(fields: Mapping[str, str]) -> str:
    """Returns constant fields for every line, each preceded by a comma."""
    return "".join(f",{_escape(name)}:{_escape(value)}" for name, value in fields.items())
