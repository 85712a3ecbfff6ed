"""Tests of signed tokens: altered ones, and with ``sign`` those outside of their time or for others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from entrepot_contract.auth import Authenticator, Identity, Presented
from entrepot_contract.testing.auth.altered import altered, claims_in
from entrepot_contract.testing.auth.base import AuthBase, Known, Sign
from entrepot_contract.testing.auth.credentials import anew
from entrepot_contract.testing.auth.nearly import must_refuse, outcome
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["SignedContract"]

SIGNED: Final = "A signed token is accepted only as it was signed, during its time, and for its issuer and audience."
DAY: Final = 24 * 60 * 60
SHORT: Final = 3
"""Seconds for which a token is valid that the kit uses before and after."""
OTHERS: Final[tuple[object, ...]] = ("kit.example", "", ["kit.example"], [], None, 1, {})
ODD: Final[tuple[object, ...]] = ("soon", "", [], {}, True, -1, -(10**30), 10**30, 1e308, [1], {"seconds": 1})


class SignedContract(AuthBase):
    """Tests of bearer tokens."""

    @pytest.fixture
    def guesses(self, config: Mapping[str, object]) -> Sequence[bytes]:
        """Keys that anybody can guess: common words, and the public files that the options name."""
        return [b"", b"secret", b"\0" * 32, *(Path(file).read_bytes() for file in _files(config))]

    @sentence("authenticate", SIGNED)
    def test_a_token_with_an_invalid_signature_is_refused(
        self, request: pytest.FixtureRequest, authenticator: Authenticator, known: Known, guesses: Sequence[bytes]
    ) -> None:
        tokens = {
            presented: (presented.authorization or "").partition(" ")[2]
            for presented, _ in known
            if (presented.authorization or "").lower().startswith("bearer ")
        }
        if not tokens:
            stop(request, "not-claimed", "bearer tokens")
        for presented, token in tokens.items():
            for what, forged in altered(token, tokens.values(), guesses):
                must_refuse(authenticator, anew(presented, f"Bearer {forged}"), f"a forged token ({what})")
            assert authenticator.authenticate(presented) is not None, "a valid token must stay valid after forged ones"

    @sentence("authenticate", SIGNED)
    @needs("sign")
    def test_a_token_outside_of_its_time_is_refused(self, authenticator: Authenticator, sign: Sign) -> None:
        now = int(time.time())
        assert isinstance(outcome(authenticator, sign({})), Identity), "sign({}) must return a valid token"
        for what, claims in {
            "that expired a day ago": {"exp": now - DAY},
            "that expired in 1970": {"exp": 1},
            "that expired at 0": {"exp": 0},
            "that is valid from tomorrow on": {"nbf": now + DAY, "exp": now + 2 * DAY},
        }.items():
            must_refuse(authenticator, sign(claims), f"a token {what}")
            assert isinstance(outcome(authenticator, sign({})), Identity), "a valid token is refused after a wrong one"

    @sentence("authenticate", SIGNED)
    @needs("sign")
    def test_a_token_that_was_used_before_ends_with_its_time(self, authenticator: Authenticator, sign: Sign) -> None:
        def valid(late: int) -> bool:
            return isinstance(outcome(authenticator, sign({"exp": int(time.time()) - late})), Identity)

        # A verifier may allow for clocks that differ: find out by how many seconds.
        latest, refused = -SHORT, DAY
        assert valid(latest), f"a token that expires in {SHORT} s is refused"
        while refused - latest > 1:
            middle = (latest + refused) // 2
            latest, refused = (middle, refused) if valid(middle) else (latest, middle)
        token = sign({"exp": int(time.time()) - latest + SHORT})
        for _ in range(2):
            assert isinstance(outcome(authenticator, token), Identity), "a token of a few seconds is refused at once"
        time.sleep(SHORT + 2)
        must_refuse(authenticator, token, "a token that was used during its time, and whose time has passed,")

    @sentence("authenticate", SIGNED)
    @needs("sign")
    def test_a_token_for_others_is_refused(self, authenticator: Authenticator, sign: Sign) -> None:
        for name in ("aud", "iss"):
            for other in (*OTHERS, *near_claims(sign({}), name)):
                what = f"a token whose {'audience' if name == 'aud' else 'issuer'} is {other!r}"
                must_refuse(authenticator, sign({name: other}), what)
        assert isinstance(outcome(authenticator, sign({})), Identity), "a valid token is refused after wrong ones"

    @sentence("authenticate", SIGNED)
    @needs("sign")
    def test_signed_nonsense_is_refused_or_grants_nothing(self, authenticator: Authenticator, sign: Sign) -> None:
        for name in ("exp", "nbf", "iat", "sub", "aud", "iss", "access", "jti", "kid", "alg"):
            for odd in ODD:
                answer = outcome(authenticator, sign({name: odd}))
                assert answer is not None, f"a signed token with {name} = {odd!r} was not handled instead of refused"
                if isinstance(answer, Identity):
                    assert type(answer.name) is str, f"{name} = {odd!r} gave a name that is no text"
                    assert answer.grants is None or type(answer.grants) is frozenset, f"{name} = {odd!r}: odd grants"


def near_claims(presented: Presented, name: str) -> Iterator[object]:
    """Yield values that are nearly that of a claim: longer, shorter, in another case, and lists of such."""
    claims = claims_in((presented.authorization or "").partition(" ")[2].split(".")[1])
    assert claims is not None, "sign must return a JSON Web Token"
    found = claims.get(name)
    right = found[0] if isinstance(found, list) and found else found
    if not isinstance(right, str) or not right:
        return
    near = [f"{right}.example", f"not-{right}", f"{right} ", f"{right}/", right[:-1], right[1:], f"{right},{right}"]
    near += [right.swapcase()] if right.swapcase() != right else []
    yield from near
    yield [each for each in near if each]
    yield {right: True}
    yield [[right]]


def _files(value: object) -> Iterator[str]:
    if isinstance(value, str) and value and Path(value).is_file():
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _files(inner)
