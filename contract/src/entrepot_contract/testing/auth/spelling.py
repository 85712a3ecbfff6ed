"""Spellings that are nearly those of a name or a password, as careless comparisons confuse them."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, Literal
from urllib.parse import quote

from entrepot_contract.auth import Presented
from entrepot_contract.testing.auth.credentials import anew

__all__ = ["COUNTED", "misspelt", "with_pair"]

COUNTED: Final = 72
"""Bytes of a password that count; some hashes ignore the others."""

FORMS: Final[tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...]] = ("NFC", "NFD", "NFKC", "NFKD")
LOOK_ALIKES: Final = str.maketrans("aceopxyiAEO", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0410\u0415\u041e")
FULL_WIDTH: Final = {ord("!") + place: 0xFF01 + place for place in range(94)}
PATTERNS: Final = {
    "pattern of a shell": "*",
    "pattern of SQL": "%",
    "regular expression": ".*",
    "condition of SQL": "' OR '1'='1",
    "filter of LDAP": "*)(objectClass=*",
}


def misspelt(text: str) -> Mapping[str, bytes]:
    """Return spellings that differ from ``text``, each with the difference in words."""
    found = {kind: other.encode("utf-8", "surrogatepass") for kind, other in _spellings(text)}
    found["bytes that are not UTF-8 at the end"] = text.encode() + b"\xff"
    if not text.isascii():
        found["encoded as Latin-1"] = text.encode("latin-1", "replace")
    return {kind: other for kind, other in found.items() if other != text.encode()}


def _spellings(text: str) -> Iterator[tuple[str, str]]:
    yield from PATTERNS.items()
    yield from {"upper case": text.upper(), "lower case": text.lower(), "other case": text.swapcase()}.items()
    yield "first letter in the other case", f"{text[:1].swapcase()}{text[1:]}"
    for blank, name in ((" ", "space"), ("\t", "tab"), ("\n", "line feed"), ("\r\n", "line end"), ("\0", "NUL")):
        yield f"{name} at the end", f"{text}{blank}"
        yield f"{name} at the beginning", f"{blank}{text}"
    yield "NUL and a letter at the end", f"{text}\0x"
    yield "colon at the end", f"{text}:"
    yield "without the spaces around it", text.strip()
    yield "with single spaces", " ".join(text.split())
    yield "only the part before the first colon", text.partition(":")[0]
    yield "only the part after the last colon", text.rpartition(":")[2]
    yield "without the first letter", text[1:]
    yield "without the last letter", text[:-1]
    yield "only the first half", text[: len(text) // 2]
    yield "one letter more at the end", f"{text}x"
    yield "one letter more at the beginning", f"x{text}"
    yield "last letter twice", f"{text}{text[-1:]}"
    yield "twice", f"{text}{text}"
    for place, name in ((0, "first"), (len(text) // 2, "middle"), (len(text) - 1, "last")):
        yield (
            f"another {name} letter",
            f"{text[:place]}{'x' if text[place : place + 1] != 'x' else 'y'}{text[place + 1 :]}",
        )
    for place, name in ((0, "first"), (max(len(text) - 2, 0), "last")):
        swapped = f"{text[:place]}{text[place + 1 : place + 2]}{text[place : place + 1]}{text[place + 2 :]}"
        yield f"{name} two letters swapped", swapped
    for form in FORMS:
        yield f"in the Unicode form {form}", unicodedata.normalize(form, text)
    yield "case folded", text.casefold()
    yield "letters of another script that look the same", text.translate(LOOK_ALIKES)
    yield "letters of full width", text.translate(FULL_WIDTH)
    yield "accent at the end", f"{text}\u0301"
    yield "space without width at the end", f"{text}\u200b"
    yield "soft hyphen after the first letter", f"{text[:1]}\u00ad{text[1:]}"
    yield "byte order mark at the beginning", f"\ufeff{text}"
    yield "percent-encoded", quote(text, safe="")
    yield "in quotes", f'"{text}"'


def with_pair(presented: Presented, user: bytes, password: bytes) -> Presented:
    """Return Basic credentials of the same client with this user and password."""
    return anew(presented, f"Basic {base64.b64encode(user + b':' + password).decode()}")
