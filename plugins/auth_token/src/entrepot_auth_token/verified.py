"""Tokens that have been verified."""

from __future__ import annotations

import hashlib
import threading
from operator import itemgetter
from typing import Final

from cachetools import LRUCache

from entrepot_auth_token.keys import Trusted
from entrepot_contract.auth import Identity

__all__ = ["VerifiedTokens"]

_SIZE: Final = 8 * 2**20
_WEIGHT: Final = 1024
"""Bytes of memory for all of them, and about what one takes beside what its token says."""


class VerifiedTokens:
    """Whom tokens belong to, by their hash, until they end or the trusted keys are others; the least used go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: LRUCache[bytes, tuple[Identity, float, Trusted, int]] = LRUCache(_SIZE, itemgetter(3))

    def get(self, token: str, trusted: Trusted, now: float) -> Identity | None:
        """Whom a token belongs to that was verified with these very keys."""
        digest = _digest(token)
        with self._lock:
            found = self._known.get(digest)
        if found is None or now >= found[1] or trusted is not found[2]:
            return None
        return found[0]

    def put(self, token: str, trusted: Trusted, identity: Identity, end: float) -> None:
        """Remember a token until ``end``, in seconds since 1970."""
        with self._lock:
            self._known[_digest(token)] = identity, end, trusted, _WEIGHT + 4 * len(token)


def _digest(token: str) -> bytes:
    # What a client sends may have no UTF-8; such a token is no good, and that is for others to say.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
