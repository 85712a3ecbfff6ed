"""Parsers for the htpasswd file and the group file."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["MAX_COST", "cost_of", "groups_of", "hashes_of"]

MAX_COST: Final = 17
"""Maximum bcrypt cost, the same as Apache's htpasswd: one check takes about 10 s, and each step doubles it."""

# The last character of the salt encodes only two bits; bcrypt raises if other bits are set.
_BCRYPT: Final = re.compile(rb"\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_MIN_COST: Final = 4

_log = logging.getLogger(__name__)


def hashes_of(content: bytes, path: str) -> dict[str, bytes]:
    """Return the bcrypt hash of each user in an htpasswd file.

    - If a user has several lines, the last one counts, as in Docker Distribution.
    - A user with another kind of hash is skipped, and the line number is logged.

    Raises ValueError if a line is malformed; the message contains only the path and the line number.
    """
    hashes: dict[str, bytes] = {}
    for number, name, stored in _pairs(content, path):
        hashes.pop(name, None)
        if not stored.startswith((b"$2a$", b"$2b$", b"$2x$", b"$2y$")):
            _log.warning("user without a bcrypt hash ignored, create one with htpasswd -B: %s line %d", path, number)
            continue
        if _BCRYPT.fullmatch(stored) is None:
            raise ValueError(f"{path} line {number}: malformed bcrypt hash; set the password again with htpasswd -B")
        if not _MIN_COST <= cost_of(stored) <= MAX_COST:
            raise ValueError(f"{path} line {number}: the cost of a bcrypt hash must be {_MIN_COST} to {MAX_COST}")
        hashes[name] = stored
    return hashes


def groups_of(content: bytes, path: str) -> Mapping[str, frozenset[str]]:
    """Return the groups of each user in a file in Apache's AuthGroupFile format: ``group: user user``.

    Raises ValueError if a line is malformed; the message contains only the path and the line number.
    """
    groups: dict[str, set[str]] = {}
    for number, group, members in _pairs(content, path):
        for member in _text(members, path, number).split():
            groups.setdefault(member, set()).add(group)
    return {member: frozenset(names) for member, names in groups.items()}


def cost_of(stored: bytes) -> int:
    """Return the cost of a bcrypt hash; bcrypt runs ``2 ** cost`` rounds."""
    return int(stored[4:6])


def _pairs(content: bytes, path: str) -> Iterator[tuple[int, str, bytes]]:
    """Yield the number of each line, the text before its first colon, and the text after it."""
    for number, line in enumerate(content.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(b"#"):
            continue
        name, colon, rest = stripped.partition(b":")
        if not colon or not name:
            raise ValueError(f"{path} line {number}: expected NAME:...")
        if _CONTROL.search(name):
            raise ValueError(f"{path} line {number}: the name contains a control character")
        yield number, _text(name, path, number), rest


def _text(raw: bytes, path: str, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # Not chained: the cause would contain the line.
        raise ValueError(f"{path} line {number}: the name is not UTF-8") from None
