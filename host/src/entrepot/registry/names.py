"""The grammar of names, tags and digests (distribution-spec, "Pulling manifests"; image-spec, descriptor.md)."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from entrepot.errors import AlgorithmUnsupported, DigestInvalid, NameInvalid, TagInvalid

__all__ = ["ALGORITHMS", "MAX_NAME_LENGTH", "Digest", "Hasher", "check_name", "check_tag", "new_hasher", "parse_digest"]

MAX_NAME_LENGTH: Final = 255
"""In characters, as in Distribution; many clients cannot pull longer names."""

ALGORITHMS: Final = {"sha256": 64, "sha512": 128}
"""The supported digest algorithms, with their number of hexadecimal digits."""

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*\Z")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")
_DIGEST: Final = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)\Z")
_HEX: Final = re.compile(r"[0-9a-f]+\Z")


class Hasher(Protocol):
    """A running digest, as in ``hashlib``."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...

    def copy(self) -> Hasher: ...


class Digest(NamedTuple):
    """A digest of a supported algorithm; a tuple, because it is a key of dicts that are used in every request."""

    algorithm: str
    encoded: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"


@lru_cache(maxsize=8192)
def parse_digest(text: str) -> Digest:
    """Parse a digest.

    Raises DigestInvalid if the text is not a digest, AlgorithmUnsupported if its algorithm is not supported.
    """
    match = _DIGEST.match(text) if len(text) <= MAX_NAME_LENGTH else None
    if match is None:
        raise DigestInvalid("not a digest")
    algorithm, encoded = match.groups()
    if algorithm not in ALGORITHMS:
        raise AlgorithmUnsupported(f"{algorithm}; supported are {', '.join(ALGORITHMS)}")
    if len(encoded) != ALGORITHMS[algorithm] or _HEX.match(encoded) is None:
        raise DigestInvalid(f"a {algorithm} digest has {ALGORITHMS[algorithm]} lowercase hexadecimal digits")
    return Digest(algorithm, encoded)


@lru_cache(maxsize=8192)
def check_name(name: str) -> str:
    """Returns the name of a repository unchanged; raises NameInvalid if it does not match the grammar."""
    # The grammar's alternatives `_`, `__` and `-+` can match in one way only, so a long name takes linear time.
    if len(name) > MAX_NAME_LENGTH or _NAME.match(name) is None:
        raise NameInvalid({"name": name[:MAX_NAME_LENGTH]})
    return name


def check_tag(tag: str) -> str:
    """Returns the tag unchanged; raises TagInvalid if it does not match the grammar."""
    if _TAG.match(tag) is None:
        raise TagInvalid({"tag": tag[:128]})
    return tag


def new_hasher(algorithm: str) -> Hasher:
    """Returns a new hash object of a supported algorithm."""
    return hashlib.new(algorithm, usedforsecurity=False)
