"""``issue``: tokens for users that others have checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract.auth import Authenticator, Identity, Presented
from entrepot_contract.issuing import TokenIssuer
from entrepot_contract.testing.auth.base import AuthBase
from entrepot_contract.testing.auth.credentials import SENTINEL, basic, bearer, raw
from entrepot_contract.testing.auth.garbage import GARBAGE, parameters
from entrepot_contract.testing.auth.world import PASSWORD, USER, WANTED, KitAuthority, ask, client_of, token_of
from entrepot_contract.testing.examples import OFTEN
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["GRANTED", "WRONG", "IssuingContract", "Parameters", "identity_of"]

Parameters = Mapping[str, Sequence[str]]
GRANTED = (
    "A user, or nobody in particular, gets a token for what the authority allows of the accesses wanted; "
    "fewer than wanted, or none, is no error."
)
WRONG = (
    "A wrong credential answers 401, to a POST 400 or 401 (RFC 6749, 5.2); "
    "a request that is malformed, or for another service, 4xx."
)
ALICE: Final = basic(USER, PASSWORD)
NAMES: Final = (
    *("service", "scope", "account", "client_id", "offline_token", "grant_type", "username", "password"),
    *("refresh_token", "access_type", "kit"),
)
texts = st.one_of(
    st.sampled_from(
        ["repository:a/b:pull", "repository:a/b:*", "registry:catalog:*", "a:b", ":::", "password", "true"]
    ),
    parameters,
)


def identity_of(authenticator: Authenticator, token: str) -> Identity:
    """Who a token belongs to."""
    identity = authenticator.authenticate(bearer(token))
    assert identity is not None, "an issuer's token is its own to judge"
    return identity


class IssuingContract(AuthBase):
    """Tests of GET (Distribution, "Token Authentication Specification") and of requests that are no good."""

    @sentence("issues", "Whether it is configured to.")
    @needs("issues")
    def test_an_issuer_stays_one(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        assert issuer.issues is True
        ask(issuer, authority, "GET", client_of(authenticator, WANTED), ALICE)
        assert issuer.issues is True

    @sentence("issue", GRANTED)
    @sentence("Identity", "``grants`` is all that the bearer may do; None leaves it to the host's rules.")
    @needs("issues")
    @pytest.mark.parametrize("count", range(len(WANTED) + 1))
    def test_a_user_gets_a_token_for_what_it_may_do(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority, count: int
    ) -> None:
        wanted = WANTED[:count]
        answer = ask(issuer, authority, "GET", {**client_of(authenticator, wanted), "account": [USER]}, ALICE)
        identity = identity_of(authenticator, token_of(answer))
        assert identity.name == USER
        assert identity.grants == authority.allowed(authority.users[USER], wanted)
        _in_time(answer.content, identity)

    @sentence("TokenAnswer", "What the endpoint answers: a status, a JSON object")
    @sentence("issue", GRANTED)
    @needs("issues")
    def test_less_than_wanted_is_no_error(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        for rules in ({WANTED[1]}, {WANTED[3], WANTED[0]}, set()):
            authority.rules[USER] = frozenset(rules)
            answer = ask(issuer, authority, "GET", client_of(authenticator, WANTED), ALICE)
            assert identity_of(authenticator, token_of(answer)).grants == authority.rules[USER]

    @sentence("issue", GRANTED)
    @sentence("Identity", "``name`` is never empty, except for a token that was issued to nobody in particular.")
    @needs("issues")
    def test_nobody_in_particular_gets_a_token_for_what_everybody_may_do(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        answer = ask(issuer, authority, "GET", client_of(authenticator, WANTED))
        identity = identity_of(authenticator, token_of(answer))
        assert identity.name == ""
        assert identity.grants == authority.allowed(None, WANTED)

    @sentence("issue", WRONG)
    @needs("issues")
    @pytest.mark.parametrize(
        "wrong",
        [basic(USER, SENTINEL), basic(SENTINEL, PASSWORD), basic("", ""), raw("Basic"), raw("Kit x"), bearer("x")],
        ids=["password", "user", "empty", "cut", "scheme", "token"],
    )
    def test_a_wrong_credential_gets_no_token(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority, wrong: Presented
    ) -> None:
        answer = ask(issuer, authority, "GET", client_of(authenticator, WANTED), wrong)
        assert answer.status == 401
        assert not [name for name in answer.content if name.endswith("token")]

    @sentence("issue", WRONG)
    @needs("issues")
    @pytest.mark.parametrize(
        ("method", "changes"),
        [
            ("GET", {"service": ["kit-other-service"]}),
            ("POST", {"service": ["kit-other-service"], "grant_type": ["password"]}),
            ("POST", {}),
            ("POST", {"grant_type": ["kit"]}),
            ("POST", {"grant_type": ["authorization_code"], "code": ["kit"]}),
            ("POST", {"grant_type": ["password"], "password": []}),
            ("POST", {"grant_type": ["password"], "username": []}),
            ("POST", {"grant_type": ["refresh_token"]}),
            *(("POST", {"grant_type": ["refresh_token"], "refresh_token": [text]}) for text in GARBAGE.values()),
        ],
    )
    def test_a_malformed_request_gets_no_token(
        self,
        authenticator: Authenticator,
        issuer: TokenIssuer,
        authority: KitAuthority,
        method: Literal["GET", "POST"],
        changes: Parameters,
    ) -> None:
        whole = {**client_of(authenticator, WANTED), "username": [USER], "password": [PASSWORD], **changes}
        for values in (1, 2):
            given_values = {name: [*texts_of] * values for name, texts_of in whole.items() if texts_of}
            answer = ask(issuer, authority, method, given_values, ALICE if method == "GET" else None)
            assert 400 <= answer.status < 500
            assert not [name for name in answer.content if name.endswith("token")]

    @sentence("issue", "Answer a request for a token; never raises for what a client sent.")
    @needs("issues")
    def test_garbage_gets_an_answer(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        client = client_of(authenticator, [])
        maps = st.dictionaries(st.sampled_from(NAMES), st.lists(texts, max_size=3), max_size=6)

        @OFTEN
        @given(st.sampled_from(["GET", "POST"]), maps, st.booleans())
        def issue(method: Literal["GET", "POST"], garbage: Parameters, with_service: bool) -> None:
            request = {**garbage, **(client if with_service else {})}
            answer = ask(issuer, authority, method, request, ALICE if method == "GET" else None)
            if answer.status == 200:
                identity = identity_of(authenticator, token_of(answer))
                assert identity.grants == frozenset(), "the rules hold none of these repositories"

        issue()

    @sentence("issue", "Answer a request for a token; never raises for what a client sent.")
    @needs("issues")
    @pytest.mark.parametrize("kind", GARBAGE)
    def test_garbage_for_a_scope_grants_nothing(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority, kind: str
    ) -> None:
        client = client_of(authenticator, WANTED)
        for scope in (GARBAGE[kind], f"repository:{GARBAGE[kind]}:pull", f"repository:kit/private:{GARBAGE[kind]}"):
            answer = ask(issuer, authority, "GET", {**client, "scope": [scope]}, ALICE)
            if answer.status == 200:
                assert identity_of(authenticator, token_of(answer)).grants == frozenset()


def _in_time(content: Mapping[str, object], identity: Identity) -> None:
    """A token lives for what the answer says, and a minute at least (token.md, "Token Response Fields")."""
    assert identity.expires is not None, "a token has an end"
    seconds = content.get("expires_in", 60)
    assert isinstance(seconds, int)
    assert seconds >= 60
    left = (identity.expires - datetime.now(UTC)).total_seconds()
    assert seconds - 60 < left <= seconds + 1
