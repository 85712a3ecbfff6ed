"""Durations in Go's syntax, as used in the configuration of Docker Distribution."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer

__all__ = ["Duration", "format_duration", "parse_duration"]

_UNITS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART: Final = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION: Final = re.compile(rf"(?:{_PART})+")

_WITHOUT_UNIT: Final = (
    "is a duration without a unit, which Docker Distribution interprets as nanoseconds; "
    "append s for seconds, or ns for nanoseconds"
)


def parse_duration(value: object) -> timedelta:
    """Parse a duration such as ``"168h"``, ``"2h10m"``, ``"1.5s"`` or 0; never negative.

    Raises ValueError for anything else. A number without a unit is rejected, because it means nanoseconds in Docker
    Distribution and seconds in most other programs.
    """
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    try:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            if not float(text):
                return timedelta()
            raise ValueError(_WITHOUT_UNIT)
        if _DURATION.fullmatch(text):
            return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text)))
    except OverflowError as error:
        raise ValueError("is too large for a duration") from error
    raise ValueError("is not a duration; expected a value such as 168h, 2h10m or 1.5s")


def format_duration(value: timedelta) -> str:
    """Returns a duration in the form that ``parse_duration`` accepts, in the largest unit without a fraction."""
    for unit, seconds in (("h", 3600), ("m", 60)):
        if value and not value % timedelta(seconds=seconds):
            return f"{value // timedelta(seconds=seconds)}{unit}"
    return f"{value.total_seconds():.9f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str, when_used="json")
]
