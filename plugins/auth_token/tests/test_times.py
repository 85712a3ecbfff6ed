"""Validity period of a token, with a fake clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Refused

from .conftest import Keys, Opener
from .foreign import bearer, claims, compact, jwk, jwks

NOON = 1_800_000_000


class Clock:
    now = float(NOON)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trusting(open_one: Opener, keys: Keys, tmp_path: Path, clock: Clock) -> TokenAuthenticator:
    path = jwks(tmp_path / "keys.json", jwk(keys.ec, "ec"))
    found = open_one(jwks=str(path), leeway="30s")
    found._clock = lambda: clock.now
    return found


def token(keys: Keys, **times: object) -> str:
    return compact(keys.ec, {"alg": "ES256", "kid": "ec"}, claims(**({"exp": NOON, "nbf": ..., "iat": ...} | times)))


@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
def test_a_token_expires_one_leeway_after_exp(
    trusting: TokenAuthenticator, keys: Keys, clock: Clock, cached: bool
) -> None:
    presented = bearer(token(keys))
    if cached:
        assert trusting.authenticate(presented) is not None
    clock.now = NOON + 29.9
    assert trusting.authenticate(presented) is not None
    clock.now = NOON + 30
    with pytest.raises(Refused, match="expired"):
        trusting.authenticate(presented)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_is_valid_from_one_leeway_before_nbf_and_iat(
    trusting: TokenAuthenticator, keys: Keys, clock: Clock, claim: str
) -> None:
    presented = bearer(token(keys, exp=NOON + 300, **{claim: NOON + 100.5}))
    clock.now = NOON + 70.4
    with pytest.raises(Refused, match=f"{claim} is in the future"):
        trusting.authenticate(presented)
    clock.now = NOON + 70.5
    assert trusting.authenticate(presented) is not None


def test_the_expiry_of_an_identity_excludes_the_leeway(trusting: TokenAuthenticator, keys: Keys) -> None:
    identity = trusting.authenticate(bearer(token(keys)))
    assert identity is not None
    assert identity.expires is not None
    assert identity.expires.timestamp() == NOON
    assert identity.expires.tzinfo is not None
