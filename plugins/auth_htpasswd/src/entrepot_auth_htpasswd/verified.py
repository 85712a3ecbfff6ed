"""Passwords that were found right a short while ago."""

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

# A bcrypt hash is slow to guess from and this one is not, so it means nothing outside this process.
_KEY: Final = os.urandom(32)


class Verified:
    """Which credentials were right in the last ``seconds``; it holds no password, only keyed hashes."""

    def __init__(self, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._until: TTLCache[bytes, None] = TTLCache(MAX_VERIFIED, seconds, timer)

    def holds(self, credential: BasicCredential) -> bool:
        """Whether a credential was right."""
        key = _hash(credential)
        with self._lock:
            return key in self._until

    def add(self, credential: BasicCredential) -> None:
        """Remember that a credential was right."""
        key = _hash(credential)
        with self._lock:
            self._until[key] = None


def _hash(credential: BasicCredential) -> bytes:
    # No name holds a colon, so that no two credentials make the same bytes.
    return blake2b(credential.name.encode() + b":" + credential.password, key=_KEY).digest()
