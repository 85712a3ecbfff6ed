"""``authenticate``: whose a credential is, and whether it is any good."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given

from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refused
from entrepot_contract.testing.auth.base import AuthBase, Known
from entrepot_contract.testing.auth.credentials import anew, raw, refusal_of, scheme_of, spoilt
from entrepot_contract.testing.auth.garbage import GARBAGE, parameters, tokens
from entrepot_contract.testing.examples import OFTEN
from entrepot_contract.testing.sentences import sentence

__all__ = ["JudgingContract"]

CEILING = 10.0
"""Seconds of work that nothing may take, on the slowest machine."""

REFUSED = "A credential of its scheme that is wrong, malformed, expired or too long raises Refused."
OTHERS = ["Basic", "Bearer", "Digest", "Negotiate", "Kit"]


class JudgingContract(AuthBase):
    """Tests of what an authenticator answers."""

    @sentence("authenticate", "or None where what it presents is not this authenticator's to judge.")
    @sentence("authenticate", "A request without a credential, and one with another scheme's, is not its to judge.")
    def test_what_is_not_its_to_judge_is_none(
        self, authenticator: Authenticator, schemes: Sequence[str], known: Known
    ) -> None:
        assert authenticator.authenticate(raw(None)) is None
        assert authenticator.authenticate(Presented()) is None
        for presented, _ in known:
            for other in [scheme for scheme in OTHERS if scheme.lower() not in schemes]:
                parameter = (presented.authorization or "").partition(" ")[2]
                assert authenticator.authenticate(anew(presented, f"{other} {parameter}")) is None
                assert authenticator.authenticate(anew(presented, other)) is None
            longer = anew(presented, f"x{presented.authorization}")
            assert authenticator.authenticate(longer) is None, "the scheme only ends like its own"

    @sentence("authenticate", "A request without a credential, and one with another scheme's, is not its to judge.")
    def test_no_other_scheme_is_judged(self, authenticator: Authenticator, schemes: Sequence[str]) -> None:
        @OFTEN
        @given(tokens, parameters)
        def judge(scheme: str, parameter: str) -> None:
            if scheme.lower() not in schemes:
                assert authenticator.authenticate(raw(f"{scheme} {parameter}")) is None

        judge()

    @sentence("authenticate", "Who a request comes from")
    @sentence("Identity", "``name`` is never empty, except for a token that was issued to nobody in particular.")
    @sentence("Identity", "``expires`` is aware, and None where the credential has no end of its own.")
    def test_a_good_credential_is_its_users(self, authenticator: Authenticator, known: Known) -> None:
        for presented, name in known:
            identity = authenticator.authenticate(presented)
            assert type(identity) is Identity
            assert identity.name == name
            assert "" not in identity.groups
            assert type(identity.groups) is frozenset
            assert type(identity.stamp) is str
            if identity.expires is not None:
                assert identity.expires.utcoffset() is not None, "expires has to be aware"
                assert identity.expires > datetime.now(UTC), "it has expired already"
            assert authenticator.authenticate(presented) == identity, "the same credential is the same identity"

    @sentence("Identity", "``grants`` is all that the bearer may do; None leaves it to the host's rules.")
    @sentence("Access", "``kind`` is ``repository``, with ``pull``, ``push`` or ``delete`` of the repository ``name``;")
    @sentence("Access", "or ``registry``, with the name ``catalog`` and the action ``*``.")
    def test_grants_are_accesses_or_none(self, authenticator: Authenticator, known: Known) -> None:
        for presented, _ in known:
            identity = authenticator.authenticate(presented)
            assert identity is not None
            if identity.grants is not None:
                assert type(identity.grants) is frozenset
                assert all(type(grant) is Access and grant.name and grant.action for grant in identity.grants)
                single = [grant.action for grant in identity.grants if "," in grant.action]
                assert single == [], "an access is one action"

    @sentence("authenticate", "The schemes of HTTP have no case (RFC 9110, 11.1).")
    def test_the_case_of_a_scheme_says_nothing(
        self, authenticator: Authenticator, known: Known, refused: Sequence[Presented]
    ) -> None:
        for write in (str.lower, str.upper, str.swapcase):
            for presented, name in known:
                identity = authenticator.authenticate(_rewritten(presented, write))
                assert identity is not None, f"as {scheme_of(_rewritten(presented, write))} it is nobody's"
                assert identity.name == name
            for presented in refused:
                refusal_of(authenticator, _rewritten(presented, write))

    @sentence("authenticate", REFUSED)
    @sentence("Refused", "A credential is the authenticator's to judge, and is no good; the message says why")
    def test_a_credential_that_is_no_good_is_refused(
        self, authenticator: Authenticator, known: Known, refused: Sequence[Presented]
    ) -> None:
        assert refused, "the fixture `refused` has to answer one credential at least"
        nearly = [worse for presented, _ in known for worse in spoilt(presented)]
        for presented in [*refused, *nearly]:
            assert str(refusal_of(authenticator, presented)).strip(), "a refusal says why"
        for presented, name in known:
            identity = authenticator.authenticate(presented)
            assert identity is not None
            assert identity.name == name, "a good credential stays good after bad ones"

    @sentence("authenticate", REFUSED)
    @pytest.mark.parametrize("kind", GARBAGE)
    def test_garbage_is_refused(self, authenticator: Authenticator, schemes: Sequence[str], kind: str) -> None:
        for scheme in schemes:
            began = time.process_time()
            refusal_of(authenticator, raw(f"{scheme} {GARBAGE[kind]}"))
            refusal_of(authenticator, raw(f"{scheme}   {GARBAGE[kind]}"))
            assert time.process_time() - began < CEILING, "a short credential costs seconds"
        assert authenticator.authenticate(raw("")) is None

    @sentence("authenticate", REFUSED)
    @pytest.mark.parametrize("piece", ["A", "AAA.", "Og==", ":", "\0", "\u20ac"])
    def test_ten_megabytes_are_refused_at_once(
        self, authenticator: Authenticator, schemes: Sequence[str], piece: str
    ) -> None:
        for scheme in schemes:
            presented = raw(f"{scheme} {piece * (10_000_000 // len(piece))}")
            began = time.process_time()
            refusal_of(authenticator, presented)
            assert time.process_time() - began < CEILING, "a long credential costs seconds"

    @sentence("authenticate", REFUSED)
    def test_nothing_but_refused_escapes(self, authenticator: Authenticator, schemes: Sequence[str]) -> None:
        @OFTEN
        @given(parameters)
        def judge(parameter: str) -> None:
            for scheme in schemes:
                for between in (" ", ""):
                    try:
                        answer = authenticator.authenticate(raw(f"{scheme}{between}{parameter}"))
                    except Refused:
                        continue
                    assert answer is None or type(answer) is Identity

        judge()


def _rewritten(presented: Presented, write: Callable[[str], str]) -> Presented:
    scheme, space, parameter = (presented.authorization or "").partition(" ")
    return anew(presented, f"{write(scheme)}{space}{parameter}")
