"""Keys whose names tell the digest of their bytes."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Protocol

__all__ = ["Check", "check_of"]

_BLOB: Final = re.compile(
    r"(?:.+/)?blobs/(?:(?P<a>sha256)/(?P<x>[0-9a-f]{2})/(?P<d>(?P=x)[0-9a-f]{62})"
    r"|(?P<a2>sha512)/(?P<x2>[0-9a-f]{2})/(?P<d2>(?P=x2)[0-9a-f]{126}))/data\Z"
)


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Check:
    """Whether bytes that pass are those that a key promises."""

    __slots__ = ("_hash", "_promised")

    def __init__(self, algorithm: str, promised: str) -> None:
        self._hash: _Hash = hashlib.new(algorithm)
        self._promised = promised

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(chunk)

    def holds(self) -> bool:
        """Whether all bytes that were taken are the promised ones."""
        return self._hash.hexdigest() == self._promised


def check_of(key: str) -> Check | None:
    """A fresh check of a blob's key, or None if the key tells no digest."""
    found = _BLOB.match(key)
    if found is None:
        return None
    return Check(found["a"] or found["a2"], found["d"] or found["d2"])
