"""Validation of a token's claims (RFC 7519, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from entrepot_auth_token.actions import expand
from entrepot_contract.auth import Access, Identity, Refused

__all__ = ["check_addressed", "check_times", "identity_of"]

_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_CLASS: Final = re.compile(r"\([a-z0-9]*\)$")


def check_addressed(claims: Mapping[str, object], *, issuer: str, audience: str) -> None:
    """Raise Refused if a token is from another issuer or for another audience."""
    if claims.get("iss") != issuer:
        raise Refused("the token's iss is not the trusted issuer")
    named = claims.get("aud")
    if named != audience and not (isinstance(named, list) and audience in named):
        raise Refused("the token's aud is not this service")


def check_times(claims: Mapping[str, object], now: float, leeway: float) -> float:
    """Return when a token expires, in seconds since 1970.

    ``exp`` is required. A token is accepted until ``leeway`` seconds after ``exp``, and from ``leeway`` seconds before
    ``nbf`` and ``iat``. Raises Refused if the token is expired, not yet valid or has a malformed time.
    """
    end = _time(claims, "exp")
    if end is None:
        raise Refused("the token has no exp, and would never expire")
    if now >= end + leeway:
        raise Refused("the token has expired: its exp is past")
    if (_time(claims, "nbf") or 0) > now + leeway:
        raise Refused("the token is not valid yet: its nbf is in the future")
    if (_time(claims, "iat") or 0) > now + leeway:
        raise Refused("the token is not valid yet: its iat is in the future")
    return end


def identity_of(claims: Mapping[str, object], end: float) -> Identity:
    """Return the user that a token was issued to and its permissions; a token without ``sub`` is anonymous.

    Raises Refused if a claim is malformed.
    """
    name = claims.get("sub", "")
    if not isinstance(name, str):
        raise Refused("the token's sub is not a string")
    groups = claims.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise Refused("the token's groups are not a list of strings")
    # A token server sends an entry without actions for a scope of which it grants nothing.
    grants, refused = set[Access](), set[tuple[str, str]]()
    for kind, resource, accesses in _entries(claims.get("access")):
        grants.update(accesses)
        if not accesses:
            refused.add((kind, resource))
    ends = datetime.fromtimestamp(end, UTC)
    return Identity(name, frozenset(groups), frozenset(grants), ends, refused=frozenset(refused))


def _entries(entries: object) -> Iterator[tuple[str, str, Sequence[Access]]]:
    # Go writes an empty list as null.
    for entry in _list([] if entries is None else entries, "access"):
        if not isinstance(entry, dict):
            raise Refused("the token's access has an entry that is not an object")
        kind, name, actions = entry.get("type"), entry.get("name"), entry.get("actions")
        if not isinstance(kind, str) or not isinstance(name, str):
            raise Refused("the token's access has an entry whose type or name is not a string")
        kind = _CLASS.sub("", kind)
        accesses = list[Access]()
        for action in _list([] if actions is None else actions, "access has an entry whose actions"):
            if not isinstance(action, str):
                raise Refused("the token's access has an entry with an action that is not a string")
            accesses += expand(kind, name, action)
        yield kind, name, accesses


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise Refused(f"the token's {what}: not a list")
    return value


def _time(claims: Mapping[str, object], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _LAST:
        raise Refused(f"the token's {name} is not a valid time")
    return float(value)
