"""Tests of ``challenge``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract.auth import Access, Authenticator, Presented, Refusal
from entrepot_contract.testing.auth.base import AuthBase, Known
from entrepot_contract.testing.auth.credentials import SENTINEL, raw, refusal_of, secrets_of
from entrepot_contract.testing.auth.garbage import parameters
from entrepot_contract.testing.auth.grammar import parse_challenge
from entrepot_contract.testing.auth.world import WANTED
from entrepot_contract.testing.examples import OFTEN
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["ChallengeContract"]

REFUSALS: Final[tuple[Refusal | None, ...]] = (None, "invalid", "insufficient")
HOSTILE: Final = ['"', "\\", '\\"', "a\r\nKit: b", "\0", "\x7f", "\u00e9\u20ac", "\ud800", ",", 'x", Kit y="', "", " "]

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
accesses = st.lists(st.builds(Access, st.one_of(st.just("repository"), texts), texts, texts), max_size=4)


def one_challenge(
    authenticator: Authenticator, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None
) -> str:
    """Return the challenge after checking that it is well formed."""
    text = authenticator.challenge(presented, wanted, refusal)
    assert type(text) is str, "an authenticator must return a challenge for every request, or for none"
    parse_challenge(text)
    return text


class ChallengeContract(AuthBase):
    """Tests of the value of ``WWW-Authenticate``."""

    @sentence(
        "challenge", "Return the value of ``WWW-Authenticate`` for a request that is denied, or None to send no header."
    )
    @sentence("challenge", "``refusal`` is None if the request presented no credential.")
    def test_a_request_is_challenged_by_a_scheme_that_is_handled(self, authenticator: Authenticator) -> None:
        for refusal, wanted in itertools.product(REFUSALS, ([], WANTED[:1], WANTED)):
            text = authenticator.challenge(raw(None), wanted, refusal)
            assert (text is None) == (authenticator.challenge(raw(None), [], None) is None)
            if text is not None:
                scheme = parse_challenge(text).scheme
                refusal_of(authenticator, raw(f"{scheme} {SENTINEL}"))

    @sentence(
        "challenge", "The value is a single challenge (RFC 9110, 11.6.1) in one line, whatever the request presents."
    )
    @needs("challenge")
    def test_hostile_requests_get_one_challenge_in_one_line(self, authenticator: Authenticator) -> None:
        for text in HOSTILE:
            hostile = Presented(f"Kit {text}", address=text, base_url=f"https://{text}/")
            for refusal in REFUSALS:
                wanted = [Access("repository", text, "pull"), Access(text, "kit", text)]
                one_challenge(authenticator, hostile, wanted, refusal)
                one_challenge(authenticator, Presented(base_url=text), wanted * 50, refusal)

    @sentence(
        "challenge", "The value is a single challenge (RFC 9110, 11.6.1) in one line, whatever the request presents."
    )
    @needs("challenge")
    def test_any_request_gets_one_challenge(self, authenticator: Authenticator) -> None:
        @OFTEN
        @given(st.builds(Presented, parameters, texts, texts), accesses, st.sampled_from(REFUSALS))
        def challenge(presented: Presented, wanted: list[Access], refusal: Refusal | None) -> None:
            one_challenge(authenticator, presented, wanted, refusal)

        challenge()

    @sentence("authenticate", "No part of a credential appears in any message, repr or log line.")
    @needs("challenge")
    def test_no_challenge_holds_a_credential(
        self, authenticator: Authenticator, known: Known, refused: Sequence[Presented]
    ) -> None:
        for presented in [*(presented for presented, _ in known), *refused]:
            for refusal in REFUSALS:
                text = one_challenge(authenticator, presented, WANTED, refusal)
                parameters_of = parse_challenge(text).parameters.values()
                for secret in secrets_of(presented):
                    assert secret not in f"{text} {' '.join(parameters_of)}", "the challenge shows a credential"
