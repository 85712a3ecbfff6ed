"""Tests of ``issue`` for GET, and of invalid requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract.auth import Authenticator, Identity, Presented
from entrepot_contract.testing.auth.base import AuthBase
from entrepot_contract.testing.auth.credentials import SENTINEL, basic, bearer, raw
from entrepot_contract.testing.auth.garbage import GARBAGE, parameters
from entrepot_contract.testing.auth.world import PASSWORD, USER, WANTED, KitAuthority, ask, client_of, token_of
from entrepot_contract.testing.examples import OFTEN
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.tokens import TokenIssuer

__all__ = ["GRANTED", "WRONG", "IssuingContract", "Parameters", "identity_of"]

Parameters = Mapping[str, Sequence[str]]
GRANTED = (
    "A user, or an anonymous client, gets a token for those of the requested accesses that the authority allows; "
    "it is not an error if these are fewer than requested, or none."
)
WRONG = (
    "A wrong credential gets 401, or 400 or 401 for POST (RFC 6749, 5.2); "
    "a request that is malformed, or for another service, gets 4xx."
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
    """Return the identity that a token belongs to."""
    identity = authenticator.authenticate(bearer(token))
    assert identity is not None, "an issuer must handle its own tokens"
    return identity


class IssuingContract(AuthBase):
    """Tests of GET (Distribution, "Token Authentication Specification") and of invalid requests."""

    @sentence("issues", "Whether it is configured to issue tokens.")
    @needs("issues")
    def test_an_issuer_stays_one(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        assert issuer.issues is True, "`issues` must be True or False"
        ask(issuer, authority, "GET", client_of(authenticator, WANTED), ALICE)
        assert issuer.issues is True, "`issues` changed after a token was issued"

    @sentence("issue", GRANTED)
    @sentence("Identity", "``grants`` is everything that the bearer may do; with None, the host's rules decide.")
    @needs("issues")
    @pytest.mark.parametrize("count", range(len(WANTED) + 1))
    def test_a_user_gets_a_token_for_what_it_may_do(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority, count: int
    ) -> None:
        wanted = WANTED[:count]
        answer = ask(issuer, authority, "GET", {**client_of(authenticator, wanted), "account": [USER]}, ALICE)
        identity = identity_of(authenticator, token_of(answer))
        assert identity.name == USER, f"the token of {USER!r} belongs to {identity.name!r}"
        assert identity.grants == authority.allowed(authority.users[USER], wanted)
        _check_expiry(answer.content, identity)

    @sentence("issue", GRANTED)
    @needs("issues")
    def test_a_repository_may_be_in_several_scopes(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        client = client_of(authenticator, WANTED)
        apart = ["repository:kit/private:pull", "repository:kit/public:pull", "repository:kit/private:push"]
        again = ["repository:kit/private:pull,push", "repository:kit/private:pull", "repository:kit/public:pull"]
        for scopes in (apart, [" ".join(apart)], [*apart[:1], " ".join(apart[1:])], again, again[::-1]):
            answer = ask(issuer, authority, "GET", {**client, "scope": scopes}, ALICE)
            grants = identity_of(authenticator, token_of(answer)).grants
            assert grants == frozenset(WANTED[:3]), f"of the scopes {scopes}, the token grants only {grants}"

    @sentence("TokenAnswer", "The response of the endpoint: a status, a JSON object")
    @sentence("issue", GRANTED)
    @needs("issues")
    def test_fewer_accesses_than_requested_are_no_error(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority
    ) -> None:
        for rules in ({WANTED[1]}, {WANTED[3], WANTED[0]}, set()):
            authority.rules[USER] = frozenset(rules)
            answer = ask(issuer, authority, "GET", client_of(authenticator, WANTED), ALICE)
            assert identity_of(authenticator, token_of(answer)).grants == authority.rules[USER]

    @sentence("issue", GRANTED)
    @sentence("Identity", "``name`` is never empty, except for a token issued to an anonymous client.")
    @needs("issues")
    def test_an_anonymous_client_gets_a_token_for_what_everybody_may_do(
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
        assert answer.status == 401, f"a wrong credential got {answer.status}, not 401"
        assert not [name for name in answer.content if name.endswith("token")], "a request that is refused got a token"

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
            assert 400 <= answer.status < 500, f"a malformed request got {answer.status}, not 4xx"
            assert not [name for name in answer.content if name.endswith("token")], (
                "a request that is refused got a token"
            )

    @sentence("issue", "Return the response to a token request; never raises because of what a client sent.")
    @needs("issues")
    def test_garbage_gets_a_response(
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
                assert identity.grants == frozenset(), "the rules contain none of these repositories"

        issue()

    @sentence("issue", "Return the response to a token request; never raises because of what a client sent.")
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


def _check_expiry(content: Mapping[str, object], identity: Identity) -> None:
    """Check that a token is valid for ``expires_in``, and at least a minute (token.md, "Token Response Fields")."""
    assert identity.expires is not None, "a token must expire"
    seconds = content.get("expires_in", 60)
    assert isinstance(seconds, int)
    assert seconds >= 60, f"a token is valid for {seconds} s, and must be for at least 60"
    left = (identity.expires - datetime.now(UTC)).total_seconds()
    assert seconds - 60 < left <= seconds + 1, f"expires_in is {seconds}, but the token expires in {left:.0f} s"
