"""Users and password verification."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import bcrypt

from entrepot_auth_htpasswd.basic import BasicCredential
from entrepot_auth_htpasswd.files import cost_of
from entrepot_auth_htpasswd.verified import Verified

__all__ = ["Users"]

_USED: Final = 72
"""Number of bytes of a password that bcrypt uses; htpasswd -B and Docker Distribution ignore the rest too."""

_SALT: Final = b"." * 22

# bcrypt releases the GIL: without a limit, wrong passwords could occupy every core and starve other requests.
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)


class Users:
    """The users of one loaded version of the file, and the credentials verified against it."""

    def __init__(self, hashes: Mapping[str, bytes], verified: Verified, slots: threading.Semaphore = _slots) -> None:
        self._hashes = hashes
        self._verified = verified
        self._slots = slots
        self._stamps = {name: sha256(stored).hexdigest()[:16] for name, stored in hashes.items()}
        self._cost = max(map(cost_of, hashes.values()), default=0)

    def stamp(self, name: str) -> str | None:
        """Return a value that changes with the user's hash, or None if the user is unknown."""
        return self._stamps.get(name)

    def verify(self, credential: BasicCredential) -> bool:
        """Return whether the user exists and has this password.

        A wrong password takes as long as the hash with the highest cost in the file, whether or not the user exists.
        """
        if self._verified.holds(credential):
            return True
        with self._slots:
            # A client opens several connections at once; one computation serves all of them.
            if self._verified.holds(credential):
                return True
            if not self._matches(credential.password[:_USED], self._hashes.get(credential.name)):
                return False
            self._verified.add(credential)
            return True

    def _matches(self, password: bytes, stored: bytes | None) -> bool:
        if stored is None:
            if self._cost:
                _spend(password, self._cost)
            return False
        if bcrypt.checkpw(password, stored):
            return True
        # Each step doubles the work, so these costs add up to the difference to the highest cost.
        for cost in range(cost_of(stored), self._cost):
            _spend(password, cost)
        return False


def _spend(password: bytes, cost: int) -> None:
    bcrypt.hashpw(password, b"$2b$%02d$" % cost + _SALT)
