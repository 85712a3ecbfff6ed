"""Tests of ``issue`` for POST (Distribution, "Oauth2 Token Authentication"): passwords and refresh tokens."""

from __future__ import annotations

import dataclasses

import pytest

from entrepot_contract.auth import Authenticator
from entrepot_contract.testing.auth.base import AuthBase, Opener
from entrepot_contract.testing.auth.credentials import SENTINEL, basic, bearer, refusal_of, spoilt
from entrepot_contract.testing.auth.tokens import GRANTED, WRONG, Parameters, identity_of
from entrepot_contract.testing.auth.world import PASSWORD, USER, WANTED, KitAuthority, ask, client_of, token_of
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.tokens import TokenIssuer

__all__ = ["RefreshingContract"]

LOST = "A refresh token is not accepted as a bearer token, and is invalid once its user is gone or has another stamp."


class RefreshingContract(AuthBase):
    """Tests of POST."""

    @pytest.fixture
    def client(self, authenticator: Authenticator) -> Parameters:
        """The parameters of every POST; all scopes are in one value."""
        got = client_of(authenticator, WANTED)
        return {**got, "scope": [" ".join(got["scope"])]}

    @pytest.fixture
    def refresh(
        self, request: pytest.FixtureRequest, issuer: TokenIssuer, authority: KitAuthority, client: Parameters
    ) -> Parameters:
        """A request with a refresh token, if the authenticator issues them."""
        offline = {"grant_type": ["password"], "access_type": ["offline"], "username": [USER], "password": [PASSWORD]}
        answer = ask(issuer, authority, "POST", {**client, **offline})
        token_of(answer)
        token = answer.content.get("refresh_token")
        if token is None:
            stop(request, "not-claimed", "refresh tokens")
        assert isinstance(token, str)
        return {**client, "grant_type": ["refresh_token"], "refresh_token": [token]}

    @sentence("issue", GRANTED)
    @needs("issues")
    def test_a_password_in_a_form_gets_a_token(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority, client: Parameters
    ) -> None:
        password = {**client, "grant_type": ["password"], "username": [USER], "password": [PASSWORD]}
        answer = ask(issuer, authority, "POST", password)
        allowed = authority.allowed(authority.users[USER], WANTED)
        assert identity_of(authenticator, token_of(answer)).grants == allowed
        assert isinstance(answer.content["access_token"], str)
        assert isinstance(answer.content["expires_in"], int)
        granted = str(answer.content["scope"])
        for access in allowed:
            assert any(
                access.action in scope.rpartition(":")[2].split(",")
                for scope in granted.split()
                if scope.startswith(f"{access.kind}:{access.name}:")
            ), f"the returned scope does not contain {access.action} of {access.name}"
        assert "refresh_token" not in answer.content, "no refresh token was requested"

    @sentence("issue", WRONG)
    @needs("issues")
    @pytest.mark.parametrize(
        ("user", "password"), [(USER, SENTINEL), (SENTINEL, PASSWORD), ("", ""), (f"{USER}:", PASSWORD), ("\0", "\0")]
    )
    def test_a_wrong_password_in_a_form_gets_no_token(
        self, issuer: TokenIssuer, authority: KitAuthority, client: Parameters, user: str, password: str
    ) -> None:
        form = {**client, "grant_type": ["password"], "username": [user], "password": [password]}
        for access_type in ("online", "offline"):
            answer = ask(issuer, authority, "POST", {**form, "access_type": [access_type]})
            assert answer.status in {400, 401}
            assert not [name for name in answer.content if name.endswith("token")], "a wrong password got a token"

    @sentence("issue", GRANTED)
    @needs("issues")
    def test_a_refresh_token_gets_tokens_for_what_its_user_may_do_now(
        self,
        authenticator: Authenticator,
        open_authenticator: Opener,
        authority: KitAuthority,
        refresh: Parameters,
    ) -> None:
        other = open_authenticator()
        assert isinstance(other, TokenIssuer)
        for rules in (WANTED[:1], WANTED[1:]):
            authority.rules[USER] = frozenset(rules)
            answer = ask(other, authority, "POST", refresh)
            identity = identity_of(authenticator, token_of(answer))
            assert (identity.name, identity.grants) == (USER, frozenset(rules))

    @sentence("issue", LOST)
    @needs("issues")
    def test_a_refresh_token_is_no_bearer_token(self, authenticator: Authenticator, refresh: Parameters) -> None:
        refusal_of(authenticator, bearer(refresh["refresh_token"][0]))

    @sentence("issue", LOST)
    @needs("issues")
    def test_a_bearer_token_is_no_refresh_token(
        self, authenticator: Authenticator, issuer: TokenIssuer, authority: KitAuthority, refresh: Parameters
    ) -> None:
        answer = ask(issuer, authority, "GET", client_of(authenticator, WANTED), basic(USER, PASSWORD))
        exchanged = ask(issuer, authority, "POST", {**refresh, "refresh_token": [token_of(answer)]})
        assert exchanged.status in {400, 401}

    @sentence("issue", WRONG)
    @needs("issues")
    def test_a_spoilt_refresh_token_gets_no_token(
        self, issuer: TokenIssuer, authority: KitAuthority, refresh: Parameters
    ) -> None:
        for worse in spoilt(bearer(refresh["refresh_token"][0])):
            token = (worse.authorization or "").partition(" ")[2]
            assert ask(issuer, authority, "POST", {**refresh, "refresh_token": [token]}).status in {400, 401}
        assert ask(issuer, authority, "POST", {**refresh, "service": ["kit-other-service"]}).status in {400, 401}

    @sentence("issue", LOST)
    @sentence("Identity", "so that tokens issued before can be refused.")
    @needs("issues")
    def test_a_refresh_token_ends_with_the_stamp_of_its_user(
        self, issuer: TokenIssuer, authority: KitAuthority, refresh: Parameters
    ) -> None:
        authority.users[USER] = dataclasses.replace(authority.users[USER], stamp="kit-stamp-2")
        answer = ask(issuer, authority, "POST", refresh)
        assert answer.status in {400, 401}
        assert "access_token" not in answer.content, "a refresh token that has ended got a token"

    @sentence("issue", LOST)
    @needs("issues")
    def test_a_refresh_token_ends_with_its_user(
        self, issuer: TokenIssuer, authority: KitAuthority, refresh: Parameters
    ) -> None:
        del authority.users[USER]
        answer = ask(issuer, authority, "POST", refresh)
        assert answer.status in {400, 401}
        assert "access_token" not in answer.content, "a refresh token that has ended got a token"
