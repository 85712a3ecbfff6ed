"""Durations as the configuration writes them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator

__all__ = ["Duration"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(?:[0-9]{1,9}[smhd])+")
_PART: Final = re.compile(r"([0-9]+)([smhd])")


def _parse(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    if _DURATION.fullmatch(text):
        return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    raise ValueError("is no duration; write it like 90s, 5m, 12h or 30d, or as a number of seconds")


Duration = Annotated[timedelta, BeforeValidator(_parse)]
"""A duration from ``"30d"``, ``"1h30m"`` or a number of seconds."""
