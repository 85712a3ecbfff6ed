"""Verification of token signatures (RFC 7515, RFC 7519)."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, OctKey
from joserfc.jwk import thumbprint as thumbprint_of
from joserfc.util import urlsafe_b64decode

from entrepot_auth_token.algorithms import MAX_TOKEN, Algorithms
from entrepot_auth_token.bundle import leaf_key
from entrepot_auth_token.keyring import KeyRing
from entrepot_auth_token.keys import Trusted
from entrepot_auth_token.strict import parse_object
from entrepot_contract.auth import Refused

__all__ = ["JWT", "Signatures"]

JWT: Final = "JWT"
"""The ``typ`` of a bearer token, and the default if a token has none (RFC 7519, 5.1)."""

_PUBLIC_MEMBERS: Final = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
"""The members that a thumbprint is computed from (RFC 7638, 3.2; RFC 8037, 2)."""

_HASH_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}


class _UnknownKey(Refused):
    """The token names an unknown key, which may be newer than the loaded ones."""


class Signatures:
    """Verifies that tokens are signed by a trusted key with one of ``algorithms``.

    Exceptions are not chained to their cause here, because messages of parsers and libraries quote the token.
    """

    def __init__(self, algorithms: Algorithms) -> None:
        self._algorithms = algorithms

    def claims(self, token: str, ring: KeyRing, now: float, *, kind: str) -> tuple[dict[str, object], Trusted]:
        """Return the claims of a token whose ``typ`` is ``kind``, and the keys that it was verified with.

        Raises Refused; the message names the failed check.
        """
        trusted = ring.value()
        try:
            return self._claims(token, trusted, now, kind), trusted
        except _UnknownKey:
            fresh = ring.refresh()
            if fresh is trusted:
                raise
            return self._claims(token, fresh, now, kind), fresh

    def _claims(self, token: str, trusted: Trusted, now: float, kind: str) -> dict[str, object]:
        if len(token) > MAX_TOKEN:
            raise Refused(f"the token has more than {MAX_TOKEN} characters")
        header = _header(token)
        if "crit" in header:
            raise Refused("the token's header has crit, and no critical parameters are supported (RFC 7515, 4.1.11)")
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in (self._algorithms.allowed or ()):
            raise Refused("the token's alg is not one of signingalgorithms")
        found = header.get("typ", JWT)
        if not isinstance(found, str) or found.casefold() != kind.casefold():
            raise Refused(f"the token's typ is not {kind}")
        if trusted.empty:
            raise Refused("no keys to verify tokens could be fetched yet; see the log")
        for key in _keys(header, trusted, now):
            payload = self._payload(token, key, algorithm)
            if payload is not None:
                return _claims(payload)
        raise Refused("the token's signature does not match the key that it names, or its alg is not for that key")

    def _payload(self, token: str, key: Key, algorithm: str) -> bytes | None:
        if isinstance(key, OctKey) and len(key.raw_value) < _HASH_BYTES.get(algorithm, 0):
            return None
        try:
            return jws.deserialize_compact(token, key, registry=self._algorithms).payload
        except (JoseError, ValueError):
            return None


def _header(token: str) -> dict[str, object]:
    parts = token.split(".")
    if len(parts) != 3 or not all(parts[:2]) or not token.isascii():
        raise Refused("the token is malformed: it does not have the three parts of a signed token")
    try:
        for part in parts:
            urlsafe_b64decode(part.encode())
        return parse_object(urlsafe_b64decode(parts[0].encode()))
    except binascii.Error:
        raise Refused("the token is malformed: a part of it is not base64url") from None
    except ValueError:
        raise Refused("the token is malformed: its header is not a JSON object with unique members") from None


def _claims(payload: bytes) -> dict[str, object]:
    try:
        return parse_object(payload)
    except ValueError:
        raise Refused("the token is malformed: its claims are not a JSON object with unique members") from None


def _keys(header: dict[str, object], trusted: Trusted, now: float) -> Sequence[Key]:
    """Return the keys that a header refers to, in Distribution's order: ``x5c``, ``jwk``, ``kid``."""
    if "x5c" in header:
        chain = header["x5c"]
        if not isinstance(chain, list):
            raise Refused("the token's x5c is not a list")
        return (leaf_key(chain, trusted.roots, datetime.fromtimestamp(now, UTC)),)
    if "jwk" in header:
        key = trusted.by_thumbprint.get(_thumbprint(header["jwk"]))
        if key is None:
            raise _UnknownKey("the token's jwk is not a trusted key")
        return (key,)
    if "kid" in header:
        keys = trusted.by_kid.get(str(header["kid"]), ())
        if not keys:
            raise _UnknownKey("the token's kid names no trusted key")
        return keys
    if len(trusted.by_thumbprint) != 1:
        raise Refused("the token names no key by kid, jwk or x5c, and the number of trusted keys is not one")
    return tuple(trusted.by_thumbprint.values())


def _thumbprint(jwk: object) -> str:
    """Return the thumbprint of the members as they are encoded; other encodings of the same key are not recognized."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kty"), str) or jwk["kty"] not in _PUBLIC_MEMBERS:
        raise Refused("the token's jwk is not a public key")
    members = {name: jwk.get(name) for name in _PUBLIC_MEMBERS[jwk["kty"]]}
    if not all(isinstance(member, str) for member in members.values()):
        raise Refused("the token's jwk is malformed")
    return thumbprint_of(members)
