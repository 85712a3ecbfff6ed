"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from entrepot_contract import DriverOptions

__all__ = ["HtpasswdOptions"]

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smh]?)")


def _seconds(value: object) -> float:
    match = _DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError("is no duration; write it like 90s, 5m or 1h, or as a number of seconds")
    return float(match[1]) * _UNITS[match[2]]


class HtpasswdOptions(DriverOptions):
    """``auth.htpasswd`` of the configuration."""

    realm: str = Field(pattern=r"^[\x20-\x7e]+$", description="What a client shows when it asks for a password; ASCII.")
    path: str = Field(pattern=r"^[^\x00]+$", description="The file of Apache's htpasswd -B; it has to exist.")
    groupfile: str | None = Field(
        default=None, pattern=r"^[^\x00]+$", description="A file in the form of Apache's AuthGroupFile."
    )
    cache: Annotated[float, BeforeValidator(_seconds)] = Field(
        default=60, description="How long a verified password is remembered, like 90s or 5m; 0: never."
    )
