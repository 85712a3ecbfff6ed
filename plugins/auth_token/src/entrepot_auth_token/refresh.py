"""Refresh tokens (Distribution, "Oauth2 Token Authentication")."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Final

from entrepot_auth_token.claims import check_addressed, check_times
from entrepot_auth_token.keyring import KeyRing
from entrepot_auth_token.options import TokenOptions
from entrepot_auth_token.signatures import Signatures
from entrepot_auth_token.signing import SigningKeys
from entrepot_contract.auth import Identity, Refused
from entrepot_contract.tokens import Authority

__all__ = ["RefreshTokens"]

_KIND: Final = "refresh+jwt"
"""The ``typ`` of a refresh token; this and its separate audience keep it from being used as a bearer token."""


class RefreshTokens:
    """Creates and verifies refresh tokens, which are signed like access tokens and not stored.

    A refresh token is bound to its user, its service and the user's stamp: a new password invalidates it.
    """

    def __init__(self, options: TokenOptions, keys: SigningKeys, signatures: Signatures) -> None:
        self._issuer = options.issuer.name
        self._audience = f"{options.service} refresh"
        self._lifetime = int(options.issuer.refresh.total_seconds())
        self._leeway = options.leeway.total_seconds()
        self._keys = keys
        self._ring = KeyRing([keys])
        self._signatures = signatures

    def make(self, user: Identity, now: float) -> str:
        """Return a refresh token for a user."""
        identifier = str(uuid.uuid4())
        claims = {
            "iss": self._issuer,
            "sub": user.name,
            "aud": self._audience,
            "iat": int(now),
            "exp": int(now) + self._lifetime,
            "jti": identifier,
            "stamp": _seal(identifier, user),
        }
        return self._keys.sign(claims, kind=_KIND)

    def user(self, token: str, authority: Authority, now: float) -> Identity:
        """Return the user that a token was issued to, with the current groups.

        Raises Refused if the token is invalid or the user has changed.
        """
        claims, _ = self._signatures.claims(token, self._ring, now, kind=_KIND)
        check_addressed(claims, issuer=self._issuer, audience=self._audience)
        check_times(claims, now, self._leeway)
        name, identifier, stamp = (claims.get(claim) for claim in ("sub", "jti", "stamp"))
        if not isinstance(name, str) or not isinstance(identifier, str) or not isinstance(stamp, str):
            raise Refused("the refresh token is malformed")
        user = authority.user(name)
        if user is None or not hmac.compare_digest(stamp.encode(), _seal(identifier, user).encode()):
            raise Refused("the refresh token's user no longer exists or has changed the password")
        return user


def _seal(identifier: str, user: Identity) -> str:
    """Return a hash that binds a token to a stamp without revealing it, because clients can read their tokens."""
    return hashlib.sha256(f"{identifier} {user.stamp}".encode()).hexdigest()
