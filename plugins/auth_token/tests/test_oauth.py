"""Tokens issued by POST, and refresh tokens (Distribution, "Oauth2 Token Authentication")."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import jwt
import pytest

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Access, Presented, Refused
from entrepot_contract.tokens import TokenAnswer, TokenRequest

from .authority import BOB, PASSWORD, House, basic
from .conftest import Opener
from .foreign import ISSUER, SERVICE, PrivateKey, bearer, claims, compact, openssl

DAY = 86400


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, PrivateKey]:
    return openssl(tmp_path, "key", "-algorithm", "ed25519")


@pytest.fixture
def issuing(open_one: Opener, key: tuple[Path, PrivateKey]) -> TokenAuthenticator:
    return open_one(issuer={"name": ISSUER, "key": str(key[0]), "refresh": "48h"})


def post(issuing: TokenAuthenticator, house: House, **form: str | Sequence[str]) -> TokenAnswer:
    fields = {"grant_type": "password", "service": SERVICE, "client_id": "docker", **form}
    parameters = {name: [value] if isinstance(value, str) else value for name, value in fields.items() if value}
    return issuing.issue(TokenRequest("POST", parameters, Presented(None, "192.0.2.1", "https://r.example/")), house)


def by_password(issuing: TokenAuthenticator, house: House, **form: str) -> TokenAnswer:
    return post(issuing, house, username=BOB, password=PASSWORD, **form)


def by_refresh(issuing: TokenAuthenticator, house: House, token: str, **form: str) -> TokenAnswer:
    return post(issuing, house, grant_type="refresh_token", refresh_token=token, **form)


@pytest.fixture
def refresh(issuing: TokenAuthenticator, house: House) -> str:
    return str(by_password(issuing, house, access_type="offline").content["refresh_token"])


def test_a_password_grant_returns_a_token(issuing: TokenAuthenticator, house: House) -> None:
    answer = by_password(issuing, house, scope="repository:a/b:pull,push,delete repository:c:delete")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content["scope"] == "repository:a/b:pull,push"
    assert set(answer.content) == {"token", "access_token", "expires_in", "issued_at", "scope"}
    identity = issuing.authenticate(bearer(str(answer.content["access_token"])))
    assert identity is not None
    assert identity.name == BOB
    assert identity.groups == {"dev"}


def test_the_password_is_presented_to_the_authority_as_basic(issuing: TokenAuthenticator, house: House) -> None:
    by_password(issuing, house)
    assert house.seen == [Presented(basic(BOB, PASSWORD), "192.0.2.1", "https://r.example/")]


def test_a_refresh_token_grants_any_scope_and_is_returned_if_requested(
    issuing: TokenAuthenticator, house: House, refresh: str
) -> None:
    answer = by_refresh(issuing, house, refresh, scope="repository:a:pull")
    assert answer.status == 200
    assert answer.content["scope"] == "repository:a:pull"
    assert "refresh_token" not in answer.content
    assert by_refresh(issuing, house, refresh, access_type="offline").content["refresh_token"] == refresh
    identity = issuing.authenticate(bearer(str(answer.content["token"])))
    assert identity is not None
    assert identity.grants == frozenset({Access("repository", "a", "pull")})


def test_get_returns_a_refresh_token_if_requested(issuing: TokenAuthenticator, house: House) -> None:
    for value, given in ((["true"], True), (["false"], False), ([], False)):
        request = TokenRequest("GET", {"offline_token": value}, Presented(basic(BOB, PASSWORD)))
        content = issuing.issue(request, house).content
        assert ("refresh_token" in content) is given
        if given:
            assert by_refresh(issuing, house, str(content["refresh_token"])).status == 200


def test_refresh_tokens_and_bearer_tokens_are_not_interchangeable(
    issuing: TokenAuthenticator, house: House, refresh: str, key: tuple[Path, PrivateKey]
) -> None:
    with pytest.raises(Refused, match="typ"):
        issuing.authenticate(bearer(refresh))
    access = str(by_password(issuing, house).content["token"])
    assert by_refresh(issuing, house, access).status == 401
    # Changing only the audience or only the type is not enough.
    kid = jwt.get_unverified_header(refresh)["kid"]
    body = jwt.decode(refresh, options={"verify_signature": False})
    with pytest.raises(Refused, match="aud"):
        issuing.authenticate(bearer(compact(key[1], {"alg": "EdDSA", "kid": kid}, body)))
    for header, payload in (
        ({"alg": "EdDSA", "kid": kid, "typ": "refresh+jwt"}, body | {"aud": SERVICE}),
        ({"alg": "EdDSA", "kid": kid}, body),
    ):
        assert by_refresh(issuing, house, compact(key[1], header, payload)).status == 401


def test_a_refresh_token_is_invalid_after_a_password_change_or_removal(
    issuing: TokenAuthenticator, house: House, refresh: str
) -> None:
    house.stamp = "$2y$05$of-another-password"
    answer = by_refresh(issuing, house, refresh)
    assert answer.status == 401
    assert answer.content["error"] == "invalid_grant"
    house.stamp = "$2y$05$of-bobs-password"
    house.gone = True
    assert by_refresh(issuing, house, refresh).status == 401
    house.gone = False
    assert by_refresh(issuing, house, refresh).status == 200


def test_a_refresh_token_does_not_reveal_the_stamp(refresh: str, house: House) -> None:
    body = jwt.decode(refresh, options={"verify_signature": False})
    assert house.stamp not in str(body)
    assert set(body) == {"iss", "sub", "aud", "iat", "exp", "jti", "stamp"}


def test_a_refresh_token_expires(issuing: TokenAuthenticator, house: House, refresh: str) -> None:
    start = time.time()
    issuing._clock = lambda: start + 2 * DAY - 5
    assert by_refresh(issuing, house, refresh).status == 200
    issuing._clock = lambda: start + 2 * DAY + 70
    assert by_refresh(issuing, house, refresh).status == 401


def test_groups_are_looked_up_again(issuing: TokenAuthenticator, house: House, refresh: str) -> None:
    house.groups = frozenset({"admin"})
    identity = issuing.authenticate(bearer(str(by_refresh(issuing, house, refresh).content["token"])))
    assert identity is not None
    assert identity.groups == {"admin"}


def test_a_user_that_cannot_be_looked_up_gets_no_refresh_token(issuing: TokenAuthenticator, house: House) -> None:
    house.gone = True
    answer = by_password(issuing, house, access_type="offline")
    assert answer.status == 200
    assert "refresh_token" not in answer.content


@pytest.mark.parametrize(
    "make",
    [
        lambda refresh, key: "",
        lambda refresh, key: "x",
        lambda refresh, key: refresh[:-8],
        lambda refresh, key: compact(key, {"alg": "EdDSA", "typ": "refresh+jwt"}, claims(sub=BOB)),
        lambda refresh, key: compact(
            key, {"alg": "EdDSA", "typ": "refresh+jwt"}, claims(sub=BOB, aud=f"{SERVICE} refresh")
        ),
    ],
    ids=["empty", "a-word", "truncated", "another-audience", "without-stamp"],
)
def test_a_bad_refresh_token_is_an_invalid_grant(
    issuing: TokenAuthenticator, house: House, refresh: str, key: tuple[Path, PrivateKey], make: object
) -> None:
    assert callable(make)
    answer = by_refresh(issuing, house, make(refresh, key[1]))
    assert answer.status == 401
    assert answer.content["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"service": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"service": "other.example"}, 400, "invalid_request"),
        ({"client_id": ["a", "b"]}, 400, "invalid_request"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"password": "wrong"}, 401, "invalid_grant"),
        ({"password": ""}, 401, "invalid_grant"),
        ({"username": "bob:pa55", "password": "w\u00f6rd"}, 401, "invalid_grant"),
        ({"username": "", "password": ""}, 401, "invalid_grant"),
        ({"username": "\udcff"}, 401, "invalid_grant"),
    ],
)
def test_errors_have_the_oauth_format(
    issuing: TokenAuthenticator, house: House, form: dict[str, str], status: int, error: str
) -> None:
    answer = post(issuing, house, **{"username": BOB, "password": PASSWORD, **form})
    assert answer.status == status
    assert set(answer.content) == {"error", "error_description"}
    assert answer.content["error"] == error
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert PASSWORD not in str(answer.content)
