"""Creation of access tokens (Distribution, "Token Authentication Implementation")."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from entrepot_auth_token.algorithms import MAX_TOKEN
from entrepot_auth_token.options import TokenOptions
from entrepot_auth_token.scopes import ScopeError, merged
from entrepot_auth_token.signatures import JWT
from entrepot_auth_token.signing import SigningKeys
from entrepot_contract.auth import Access, Identity

__all__ = ["AccessTokens"]

_NAMED = "repository"
"""The kind of resource that is listed in a token even if no action on it is granted."""


class AccessTokens:
    """Creates access tokens."""

    def __init__(self, options: TokenOptions, keys: SigningKeys) -> None:
        self._issuer = options.issuer.name
        self._service = options.service
        self._lifetime = int(options.issuer.expires.total_seconds())
        self._keys = keys

    def answer(
        self, identity: Identity | None, wanted: Iterable[Access], granted: Iterable[Access], now: float
    ) -> dict[str, object]:
        """Return the body of a token response; the token of an anonymous client has an empty ``sub``.

        Resources that were requested but not granted are listed in the token without actions, so that a registry knows
        that requesting a new token does not help.

        Raises ScopeError if the token would exceed the maximum length.
        """
        issued = int(now)
        access = dict.fromkeys(merged(one for one in wanted if one.kind == _NAMED), ()) | merged(granted)
        claims: dict[str, object] = {
            "iss": self._issuer,
            "sub": "" if identity is None else identity.name,
            "aud": self._service,
            "exp": issued + self._lifetime,
            "nbf": issued,
            "iat": issued,
            "jti": str(uuid.uuid4()),
            "access": [{"type": kind, "name": name, "actions": actions} for (kind, name), actions in access.items()],
        }
        if identity is not None and identity.groups:
            claims["groups"] = sorted(identity.groups)
        token = self._keys.sign(claims, kind=JWT)
        if len(token) > MAX_TOKEN:
            raise ScopeError("the token would be too long; request fewer scopes")
        return {
            "token": token,
            "access_token": token,
            "expires_in": self._lifetime,
            "issued_at": datetime.fromtimestamp(issued, UTC).isoformat().replace("+00:00", "Z"),
        }
