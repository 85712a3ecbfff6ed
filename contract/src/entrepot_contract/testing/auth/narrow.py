"""Tests that a token grants what its own request asked for, and that requests do not affect each other."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, Literal

import pytest

from entrepot_contract.auth import Access, Authenticator, Identity, Presented
from entrepot_contract.testing.auth.again import quick_switches
from entrepot_contract.testing.auth.base import AuthBase
from entrepot_contract.testing.auth.credentials import SENTINEL, basic
from entrepot_contract.testing.auth.tokens import ALICE, GRANTED, WRONG, identity_of
from entrepot_contract.testing.auth.world import PASSWORD, USER, WANTED, KitAuthority, ask, client_of, token_of
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.tokens import TokenIssuer

__all__ = ["NarrowContract"]

OWN: Final = "A token grants what its own request asked for, whatever was requested before or at the same time."
CROWD: Final = 8
SETS: Final[tuple[tuple[Access, ...], ...]] = tuple(
    each for count in range(len(WANTED) + 1) for each in itertools.combinations(WANTED, count)
)

MEETING: Final = 0.3
"""Seconds that a request waits for the others, because an issuer may also handle them in turn."""


class Meeting(KitAuthority):
    """An authority that answers requests only when others are asking the same, as a slow directory does."""

    def __init__(self, verb: str, requests: int) -> None:
        super().__init__()
        self.verb = verb
        self.gate = threading.Barrier(requests)

    def meet(self, verb: str) -> None:
        """Wait for the other requests if they are to meet in this method."""
        if verb == self.verb:
            with suppress(threading.BrokenBarrierError):
                self.gate.wait(timeout=MEETING)

    def authenticate(self, presented: Presented) -> Identity | None:
        self.meet("authenticate")
        return super().authenticate(presented)

    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        self.meet("allowed")
        return super().allowed(identity, wanted)


class NarrowContract(AuthBase):
    """Tests of requests for different accesses, in turn and at once."""

    @sentence("issue", OWN)
    @needs("issues")
    def test_requests_in_turn_get_what_each_asked_for(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        for wanted in (*reversed(SETS), *SETS):
            for who, presented in ((USER, ALICE), ("", None)):
                token = token_of(ask(issuer, authority, "GET", client_of(authenticator, wanted), presented))
                identity = identity_of(authenticator, token)
                allowed = authority.allowed(authority.users.get(who), wanted)
                assert identity.name == who, (
                    f"a request of {who!r} got a token of {identity.name!r} after other requests"
                )
                assert identity.grants == allowed, "a token grants other accesses than its own request asked for"

    @sentence("issue", OWN)
    @needs("issues")
    def test_requests_at_once_get_what_each_asked_for(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        def get(number: int) -> tuple[int, str]:
            wanted, presented = SETS[number // 2 % len(SETS)], ALICE if number % 2 else None
            return number, token_of(ask(issuer, authority, "GET", client_of(authenticator, wanted), presented))

        with quick_switches(), ThreadPoolExecutor(CROWD) as pool:
            for number, token in pool.map(get, range(4 * len(SETS))):
                identity, wanted = identity_of(authenticator, token), SETS[number // 2 % len(SETS)]
                who = USER if number % 2 else ""
                assert identity.name == who, f"with {CROWD} threads, {who!r} got a token of {identity.name!r}"
                assert identity.grants == authority.allowed(authority.users.get(who), wanted), (
                    f"with {CROWD} threads, a token grants other accesses than its own request asked for"
                )

    @sentence("issue", OWN)
    @needs("issues")
    @pytest.mark.parametrize("verb", ["authenticate", "allowed"])
    def test_requests_that_meet_in_the_authority_get_what_each_asked_for(
        self, authenticator: Authenticator, issuer: TokenIssuer, verb: str
    ) -> None:
        asked = [(wanted, who) for wanted in SETS[1:8:2] for who in (USER, "")]
        authority = Meeting(verb, len(asked))

        def get(place: int) -> str:
            wanted, who = asked[place]
            presented = ALICE if who else None
            return token_of(ask(issuer, authority, "GET", client_of(authenticator, wanted), presented))

        with ThreadPoolExecutor(len(asked)) as pool:
            tokens = list(pool.map(get, range(len(asked))))
        for token, (wanted, who) in zip(tokens, asked, strict=True):
            identity = identity_of(authenticator, token)
            assert identity.name == who, f"of {len(asked)} requests at once, {who!r} got a token of {identity.name!r}"
            assert identity.grants == authority.allowed(authority.users.get(who), wanted), (
                f"of {len(asked)} requests at once, one got a token for what another asked for"
            )

    @sentence("issue", GRANTED)
    @needs("issues")
    def test_rules_are_asked_for_every_token(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        client = client_of(authenticator, WANTED)
        for rules in (WANTED[:1], (), WANTED[1:3], WANTED, ()):
            for who, presented in ((USER, ALICE), (None, None)):
                authority.rules[who] = frozenset(rules)
                token = token_of(ask(issuer, authority, "GET", client, presented))
                assert identity_of(authenticator, token).grants == frozenset(rules), (
                    "a token does not grant what the authority allows now: its answer was remembered"
                )

    @sentence("issue", WRONG)
    @needs("issues")
    def test_a_wrong_password_gets_no_token_after_a_right_one(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        got_by_get = client_of(authenticator, WANTED)
        client = {**got_by_get, "scope": [" ".join(got_by_get["scope"])]}
        methods: tuple[Literal["GET", "POST"], ...] = ("GET", "POST")
        for method, word in itertools.product(methods, (PASSWORD, SENTINEL, PASSWORD.upper(), f"{PASSWORD} ", "") * 2):
            form = {**client, "grant_type": ["password"], "username": [USER], "password": [word]}
            presented = basic(USER, word) if method == "GET" else None
            answer = ask(issuer, authority, method, client if method == "GET" else form, presented)
            got = [name for name in answer.content if name.endswith("token")]
            if word == PASSWORD:
                assert answer.status == 200, f"{method}: the right password got {answer.status} after a wrong one"
            else:
                assert answer.status in {400, 401}, (
                    f"{method}: a wrong password got {answer.status} after the right one"
                )
                assert not got, f"{method}: a wrong password got a token"
