"""Tests of ``authenticate``."""

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
"""The maximum CPU time of a single check in seconds, on the slowest machine."""

REFUSED = "A credential of its scheme that is wrong, malformed, expired or too long raises Refused."
OTHERS = ["Basic", "Bearer", "Digest", "Negotiate", "Kit"]


class JudgingContract(AuthBase):
    """Tests of the results of ``authenticate``."""

    @sentence("authenticate", "or None if this authenticator does not handle its credential.")
    @sentence("authenticate", "A request without a credential, or with a credential of another scheme, is not handled.")
    def test_an_unhandled_credential_is_none(
        self, authenticator: Authenticator, schemes: Sequence[str], known: Known
    ) -> None:
        assert authenticator.authenticate(raw(None)) is None, "a request without a credential is not handled: None"
        assert authenticator.authenticate(Presented()) is None, "a request without a credential is not handled: None"
        for presented, _ in known:
            for other in [scheme for scheme in OTHERS if scheme.lower() not in schemes]:
                parameter = (presented.authorization or "").partition(" ")[2]
                assert authenticator.authenticate(anew(presented, f"{other} {parameter}")) is None
                assert authenticator.authenticate(anew(presented, other)) is None
            longer = anew(presented, f"x{presented.authorization}")
            assert authenticator.authenticate(longer) is None, "the scheme only has the same suffix"

    @sentence("authenticate", "A request without a credential, or with a credential of another scheme, is not handled.")
    def test_no_other_scheme_is_handled(self, authenticator: Authenticator, schemes: Sequence[str]) -> None:
        @OFTEN
        @given(tokens, parameters)
        def check(scheme: str, parameter: str) -> None:
            if scheme.lower() not in schemes:
                assert authenticator.authenticate(raw(f"{scheme} {parameter}")) is None

        check()

    @sentence("authenticate", "Return the user that a request comes from")
    @sentence("Identity", "``name`` is never empty, except for a token issued to an anonymous client.")
    @sentence("Identity", "``expires`` is timezone-aware, or None if the credential does not expire by itself.")
    def test_a_valid_credential_returns_its_user(self, authenticator: Authenticator, known: Known) -> None:
        for presented, name in known:
            identity = authenticator.authenticate(presented)
            assert type(identity) is Identity, f"the valid credential of {name!r} returned {type(identity).__name__}"
            assert identity.name == name, f"the credential of {name!r} returned the user {identity.name!r}"
            assert "" not in identity.groups, "a group has no name"
            assert type(identity.groups) is frozenset, (
                f"groups must be a frozenset, not {type(identity.groups).__name__}"
            )
            assert type(identity.stamp) is str, f"stamp must be text, not {type(identity.stamp).__name__}"
            if identity.expires is not None:
                assert identity.expires.utcoffset() is not None, "expires must be timezone-aware"
                assert identity.expires > datetime.now(UTC), "the credential has already expired"
            assert authenticator.authenticate(presented) == identity, "the same credential must yield the same identity"

    @sentence("Identity", "``grants`` is everything that the bearer may do; with None, the host's rules decide.")
    @sentence(
        "Access",
        "``kind`` is ``repository``, with the action ``pull``, ``push`` or ``delete`` on the repository ``name``;",
    )
    @sentence("Access", "or ``registry``, with the name ``catalog`` and the action ``*``.")
    def test_grants_are_accesses_or_none(self, authenticator: Authenticator, known: Known) -> None:
        for presented, _ in known:
            identity = authenticator.authenticate(presented)
            assert identity is not None
            if identity.grants is not None:
                assert type(identity.grants) is frozenset, "grants must be a frozenset of Access, or None"
                whole = [type(grant) is Access and bool(grant.name and grant.action) for grant in identity.grants]
                assert all(whole), "a grant is no Access, or has no name or action"
                single = [grant.action for grant in identity.grants if "," in grant.action]
                assert single == [], "an access is one action"

    @sentence("authenticate", "Authentication schemes are case-insensitive (RFC 9110, 11.1).")
    def test_schemes_are_case_insensitive(
        self, authenticator: Authenticator, known: Known, refused: Sequence[Presented]
    ) -> None:
        for write in (str.lower, str.upper, str.swapcase):
            for presented, name in known:
                identity = authenticator.authenticate(_rewritten(presented, write))
                assert identity is not None, (
                    f"not accepted with the scheme written as {scheme_of(_rewritten(presented, write))}"
                )
                assert identity.name == name, "the case of the scheme changes the user"
            for presented in refused:
                refusal_of(authenticator, _rewritten(presented, write))

    @sentence("authenticate", REFUSED)
    @sentence("Refused", "The authenticator recognizes the credential and rejects it; the message says why")
    def test_an_invalid_credential_is_refused(
        self, authenticator: Authenticator, known: Known, refused: Sequence[Presented]
    ) -> None:
        assert refused, "the fixture `refused` must return at least one credential"
        nearly = [worse for presented, _ in known for worse in spoilt(presented)]
        for presented in [*refused, *nearly]:
            assert str(refusal_of(authenticator, presented)).strip(), "Refused must have a message"
        for presented, name in known:
            identity = authenticator.authenticate(presented)
            assert identity is not None
            assert identity.name == name, "a valid credential must stay valid after invalid ones"

    @sentence("authenticate", REFUSED)
    @pytest.mark.parametrize("kind", GARBAGE)
    def test_garbage_is_refused(self, authenticator: Authenticator, schemes: Sequence[str], kind: str) -> None:
        for scheme in schemes:
            began = time.process_time()
            refusal_of(authenticator, raw(f"{scheme} {GARBAGE[kind]}"))
            refusal_of(authenticator, raw(f"{scheme}   {GARBAGE[kind]}"))
            assert time.process_time() - began < CEILING, "a short credential takes seconds"
        assert authenticator.authenticate(raw("")) is None, "an empty header is not handled: None"

    @sentence("authenticate", REFUSED)
    @pytest.mark.parametrize("piece", ["A", "AAA.", "Og==", ":", "\0", "\u20ac"])
    def test_ten_megabytes_are_refused_at_once(
        self, authenticator: Authenticator, schemes: Sequence[str], piece: str
    ) -> None:
        for scheme in schemes:
            presented = raw(f"{scheme} {piece * (10_000_000 // len(piece))}")
            began = time.process_time()
            refusal_of(authenticator, presented)
            assert time.process_time() - began < CEILING, "a long credential takes seconds"

    @sentence("authenticate", REFUSED)
    def test_nothing_but_refused_is_raised(self, authenticator: Authenticator, schemes: Sequence[str]) -> None:
        @OFTEN
        @given(parameters)
        def check(parameter: str) -> None:
            for scheme in schemes:
                for between in (" ", ""):
                    try:
                        answer = authenticator.authenticate(raw(f"{scheme}{between}{parameter}"))
                    except Refused:
                        continue
                    assert answer is None or type(answer) is Identity, f"authenticate returned {type(answer).__name__}"

        check()


def _rewritten(presented: Presented, write: Callable[[str], str]) -> Presented:
    scheme, space, parameter = (presented.authorization or "").partition(" ")
    return anew(presented, f"{write(scheme)}{space}{parameter}")
