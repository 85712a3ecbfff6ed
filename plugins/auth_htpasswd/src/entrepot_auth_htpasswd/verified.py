"""Cache of recently verified credentials."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from cachetools import TTLCache

from entrepot_auth_htpasswd.basic import BasicCredential

__all__ = ["MAX_VERIFIED", "Verified"]

MAX_VERIFIED: Final = 4096

# Unlike bcrypt, this hash is fast to brute-force, so it is keyed with a secret that never leaves the process.
_KEY: Final = os.urandom(32)


class Verified:
    """Credentials verified in the last ``seconds``. Stores keyed hashes only, never passwords."""

    def __init__(self, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._until: TTLCache[bytes, None] = TTLCache(MAX_VERIFIED, seconds, timer)

    def holds(self, credential: BasicCredential) -> bool:
        """Return whether a credential was verified."""
        key = _hash(credential)
        with self._lock:
            return key in self._until

    def add(self, credential: BasicCredential) -> None:
        """Cache a verified credential."""
        key = _hash(credential)
        with self._lock:
            self._until[key] = None


def _hash(credential: BasicCredential) -> bytes:
    # A name contains no colon, so the concatenation is unambiguous.
    return blake2b(credential.name.encode() + b":" + credential.password, key=_KEY).digest()
