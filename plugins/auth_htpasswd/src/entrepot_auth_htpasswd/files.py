"""What stands in the two files, line by line."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["MAX_COST", "cost_of", "groups_of", "hashes_of"]

MAX_COST: Final = 17
"""The largest cost of a hash, as of Apache's htpasswd: one check takes some 10 s, and each step doubles it."""

# The last character of the salt stands for two bits; bcrypt raises where it says more.
_BCRYPT: Final = re.compile(rb"\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_MIN_COST: Final = 4

_log = logging.getLogger(__name__)


def hashes_of(content: bytes, path: str) -> dict[str, bytes]:
    """The bcrypt hash of each user in a file of Apache's htpasswd.

    - Of several lines for one user the last one counts, as in Docker Distribution.
    - A user with another hash is left out, and the log names the line.

    Raises ValueError, with the path and the line's number only, where a line is broken.
    """
    hashes: dict[str, bytes] = {}
    for number, name, stored in _pairs(content, path):
        hashes.pop(name, None)
        if not stored.startswith((b"$2a$", b"$2b$", b"$2x$", b"$2y$")):
            _log.warning("%s line %d: no bcrypt hash, so this user cannot log in; htpasswd -B makes one", path, number)
            continue
        if _BCRYPT.fullmatch(stored) is None:
            raise ValueError(f"{path} line {number}: a broken bcrypt hash; set the password again with htpasswd -B")
        if not _MIN_COST <= cost_of(stored) <= MAX_COST:
            raise ValueError(f"{path} line {number}: the cost of a hash has to be {_MIN_COST} to {MAX_COST}")
        hashes[name] = stored
    return hashes


def groups_of(content: bytes, path: str) -> Mapping[str, frozenset[str]]:
    """The groups of each user in a file of Apache's AuthGroupFile: ``group: user user``.

    Raises ValueError, with the path and the line's number only, where a line is broken.
    """
    groups: dict[str, set[str]] = {}
    for number, group, members in _pairs(content, path):
        for member in _text(members, path, number).split():
            groups.setdefault(member, set()).add(group)
    return {member: frozenset(names) for member, names in groups.items()}


def cost_of(stored: bytes) -> int:
    """The cost of a bcrypt hash: it takes 2 to the power of that many rounds."""
    return int(stored[4:6])


def _pairs(content: bytes, path: str) -> Iterator[tuple[int, str, bytes]]:
    """The number of each line, what is before its first colon, and what is after it."""
    for number, line in enumerate(content.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(b"#"):
            continue
        name, colon, rest = stripped.partition(b":")
        if not colon or not name:
            raise ValueError(f"{path} line {number}: no name and colon; write NAME:...")
        if _CONTROL.search(name):
            raise ValueError(f"{path} line {number}: a name with a control character")
        yield number, _text(name, path, number), rest


def _text(raw: bytes, path: str, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # Not chained: the error holds the line.
        raise ValueError(f"{path} line {number}: a name that is not UTF-8") from None
