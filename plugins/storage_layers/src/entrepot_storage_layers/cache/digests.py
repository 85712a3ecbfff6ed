"""Keys that contain the digest of their content."""

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
    """Verifies content against the digest in a key."""

    __slots__ = ("_hash", "_promised")

    def __init__(self, algorithm: str, promised: str) -> None:
        self._hash: _Hash = hashlib.new(algorithm)
        self._promised = promised

    def update(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self._hash.update(chunk)

    def holds(self) -> bool:
        """Return whether the digest of all bytes matches."""
        return self._hash.hexdigest() == self._promised


def check_of(key: str) -> Check | None:
    """Return a new check for a blob's key, or None if the key contains no digest."""
    found = _BLOB.match(key)
    if found is None:
        return None
    return Check(found["a"] or found["a2"], found["d"] or found["d2"])
