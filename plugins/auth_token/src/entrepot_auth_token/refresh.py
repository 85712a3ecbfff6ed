"""Refresh tokens: what a client keeps instead of a password (Distribution, "Oauth2 Token Authentication")."""

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
"""Its ``typ``; with an audience of its own it is twice no bearer token."""


class RefreshTokens:
    """Makes them and takes them back; they are signed like other tokens, and stored nowhere.

    One is bound to its user and service, and to the user's stamp: a new password ends it.
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
        """A token for a user as it is known now."""
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
        """The user that a token was made for, with the groups of now.

        Raises Refused.
        """
        claims, _ = self._signatures.claims(token, self._ring, now, kind=_KIND)
        check_addressed(claims, issuer=self._issuer, audience=self._audience)
        check_times(claims, now, self._leeway)
        name, identifier, stamp = (claims.get(claim) for claim in ("sub", "jti", "stamp"))
        if not isinstance(name, str) or not isinstance(identifier, str) or not isinstance(stamp, str):
            raise Refused("the refresh token is malformed")
        user = authority.user(name)
        if user is None or not hmac.compare_digest(stamp.encode(), _seal(identifier, user).encode()):
            raise Refused("the refresh token's user is gone, or has another credential since")
        return user


def _seal(identifier: str, user: Identity) -> str:
    """Tells whether a stamp is the same, and not what it is: a client can read its token."""
    return hashlib.sha256(f"{identifier} {user.stamp}".encode()).hexdigest()
