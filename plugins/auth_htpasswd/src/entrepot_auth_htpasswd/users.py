"""Users, and how their passwords are checked."""

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
"""What bcrypt uses of a password, in bytes: htpasswd -B and Docker Distribution pass over the rest."""

_SALT: Final = b"." * 22

# A computation lets go of the interpreter lock: without a bound, wrong passwords would take every core from all others.
_turns = threading.BoundedSemaphore(os.cpu_count() or 1)


class Users:
    """What a file held when it was read, and the passwords that were found right since."""

    def __init__(self, hashes: Mapping[str, bytes], verified: Verified, turns: threading.Semaphore = _turns) -> None:
        self._hashes = hashes
        self._verified = verified
        self._turns = turns
        self._stamps = {name: sha256(stored).hexdigest()[:16] for name, stored in hashes.items()}
        self._cost = max(map(cost_of, hashes.values()), default=0)

    def stamp(self, name: str) -> str | None:
        """What changes whenever a user's hash does; None for an unknown user."""
        return self._stamps.get(name)

    def verify(self, credential: BasicCredential) -> bool:
        """Whether a user has this password.

        A wrong one takes as long as the dearest hash of the file, whether or not the user exists.
        """
        if self._verified.holds(credential):
            return True
        with self._turns:
            # A client opens several connections at once; one computation does for all of them.
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
        # Each step doubles the work: that of these is all that is missing to the work of the dearest.
        for cost in range(cost_of(stored), self._cost):
            _spend(password, cost)
        return False


def _spend(password: bytes, cost: int) -> None:
    bcrypt.hashpw(password, b"$2b$%02d$" % cost + _SALT)
