"""The grammar of a single challenge (RFC 9110, 11.2, 11.3 and 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Challenge", "parse_challenge"]

TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's name
TOKEN68: Final = r"[A-Za-z0-9._~+/-]+=*"
QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"'
PARAMETER: Final = rf"({TOKEN})[ \t]*=[ \t]*({TOKEN}|{QUOTED})"
CHALLENGE: Final = re.compile(
    rf"(?P<scheme>{TOKEN})(?: +(?:(?P<parameters>{PARAMETER}(?:[ \t]*,[ \t]*{PARAMETER})*)|{TOKEN68}))?"
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A scheme as written, and its parameters by name in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenge(text: str) -> Challenge:
    """Parse a single challenge, in ASCII as RFC 9110, 5.5 requires for every field value.

    Raises AssertionError if the text is anything else, or contains a duplicate parameter.
    """
    found = CHALLENGE.fullmatch(text)
    assert found is not None, f"not a single challenge (RFC 9110, 11.6.1): {text!r}"
    parameters: dict[str, str] = {}
    for name, value in re.findall(PARAMETER, found["parameters"] or ""):
        assert name.lower() not in parameters, f"duplicate parameter {name!r}: {text!r}"
        parameters[name.lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return Challenge(found["scheme"], parameters)
