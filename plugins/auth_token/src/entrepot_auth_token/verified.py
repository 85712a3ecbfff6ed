"""Cache of verified tokens."""

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
"""Maximum memory of the cache, in bytes."""

_WEIGHT: Final = 1024
"""Estimated memory of an entry in addition to the claims of its token, in bytes."""


class VerifiedTokens:
    """An LRU cache of identities by token hash, valid until the token expires or the trusted keys change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: LRUCache[bytes, tuple[Identity, float, Trusted, int]] = LRUCache(_SIZE, itemgetter(3))

    def get(self, token: str, trusted: Trusted, now: float) -> Identity | None:
        """Return the identity of a token that was verified with exactly these keys, or None."""
        digest = _digest(token)
        with self._lock:
            found = self._known.get(digest)
        if found is None or now >= found[1] or trusted is not found[2]:
            return None
        return found[0]

    def put(self, token: str, trusted: Trusted, identity: Identity, end: float) -> None:
        """Cache a token until ``end``, in seconds since 1970."""
        with self._lock:
            self._known[_digest(token)] = identity, end, trusted, _WEIGHT + 4 * len(token)


def _digest(token: str) -> bytes:
    # A client may send text that is not valid UTF-8; such a token is rejected elsewhere.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
