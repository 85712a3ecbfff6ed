"""Tokens issued by GET (Distribution, "Requesting a Token")."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import jwt
import pytest

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Access, Identity, Presented
from entrepot_contract.tokens import TokenAnswer, TokenRequest

from .authority import BOB, PASSWORD, House, basic
from .conftest import Opener
from .foreign import ISSUER, SERVICE, PrivateKey, bearer, jwk, jwks, openssl


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, PrivateKey]:
    return openssl(tmp_path, "key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@pytest.fixture
def issuing(open_one: Opener, key: tuple[Path, PrivateKey]) -> TokenAuthenticator:
    return open_one(issuer={"name": ISSUER, "key": str(key[0]), "expires": "10m"}, realm="")


def get(issuing: TokenAuthenticator, user: str | None = None, **parameters: Sequence[str]) -> TokenAnswer:
    authorization = None if user is None else basic(user, PASSWORD)
    query = {"service": [SERVICE], "client_id": ["docker"], **parameters}
    return issuing.issue(TokenRequest("GET", query, Presented(authorization, "192.0.2.1")), House())


def verified(issuing: TokenAuthenticator, answer: TokenAnswer) -> Identity:
    identity = issuing.authenticate(bearer(str(answer.content["token"])))
    assert identity is not None
    return identity


def test_the_allowed_part_of_the_request_is_granted(issuing: TokenAuthenticator) -> None:
    scopes = ["repository:a/b:pull,push,delete repository:c:pull", "registry:catalog:*", "artifact:a:list"]
    answer = get(issuing, BOB, scope=scopes)
    assert answer.status == 200
    assert verified(issuing, answer).grants == frozenset(
        {
            Access("repository", "a/b", "pull"),
            Access("repository", "a/b", "push"),
            Access("repository", "c", "pull"),
            Access("registry", "catalog", "*"),
        }
    )


def test_a_star_on_a_repository_requests_every_action(issuing: TokenAuthenticator) -> None:
    answer = get(issuing, BOB, scope=["repository:a:*"])
    assert verified(issuing, answer).grants == frozenset(
        {Access("repository", "a", action) for action in ("pull", "push")}
    )


def test_the_response_has_the_members_that_clients_read(issuing: TokenAuthenticator) -> None:
    answer = get(issuing, BOB, scope=["repository:a:pull"])
    assert set(answer.content) == {"token", "access_token", "expires_in", "issued_at"}
    assert answer.content["token"] == answer.content["access_token"]
    assert answer.content["expires_in"] == 600
    issued = datetime.fromisoformat(str(answer.content["issued_at"]))
    assert issued.utcoffset() == timedelta(0)
    assert str(answer.content["issued_at"]).endswith("Z")
    assert abs(issued.timestamp() - time.time()) < 60
    assert answer.headers["Cache-Control"] == "no-store"


def test_pyjwt_verifies_an_issued_token(issuing: TokenAuthenticator, key: tuple[Path, PrivateKey]) -> None:
    token = str(get(issuing, BOB, scope=["repository:a/b:push,pull"]).content["token"])
    found = jwt.decode(token, key[1].public_key(), ["ES256"], audience=SERVICE, issuer=ISSUER)
    assert found["sub"] == BOB
    assert found["groups"] == ["dev"]
    assert found["access"] == [{"type": "repository", "name": "a/b", "actions": ["pull", "push"]}]
    assert found["exp"] - found["iat"] == 600
    assert found["nbf"] == found["iat"]
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "JWT"
    assert header["alg"] == "ES256"


def test_every_token_has_a_unique_id(issuing: TokenAuthenticator) -> None:
    tokens = [str(get(issuing, BOB).content["token"]) for _ in range(20)]
    ids = {jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens}
    assert len(ids) == 20


def test_a_denied_resource_is_listed_in_the_token_without_actions(issuing: TokenAuthenticator) -> None:
    scope = "repository:public/a:pull repository:private:pull,push other:x:y admin"
    answer = get(issuing, scope=[scope])
    assert answer.status == 200
    claims = jwt.decode(str(answer.content["token"]), options={"verify_signature": False})
    assert claims["access"] == [
        {"type": "repository", "name": "public/a", "actions": ["pull"]},
        {"type": "repository", "name": "private", "actions": []},
    ]
    identity = verified(issuing, answer)
    assert identity.grants == frozenset({Access("repository", "public/a", "pull")})
    assert identity.refused == frozenset({("repository", "private")})


@pytest.mark.parametrize("scope", [[], ["repository:private:pull,push"]])
def test_an_anonymous_client_gets_a_token_without_grants(issuing: TokenAuthenticator, scope: list[str]) -> None:
    answer = get(issuing, scope=scope, offline_token=["true"])
    assert answer.status == 200
    assert "refresh_token" not in answer.content
    identity = verified(issuing, answer)
    assert identity.name == ""
    assert identity.grants == frozenset()


def test_an_anonymous_client_gets_the_anonymous_permissions(issuing: TokenAuthenticator) -> None:
    answer = get(issuing, scope=["repository:public/a:pull,push"])
    assert verified(issuing, answer).grants == frozenset({Access("repository", "public/a", "pull")})


def test_a_wrong_credential_gets_no_token(issuing: TokenAuthenticator) -> None:
    answer = get(issuing, "eve", scope=["repository:public/a:pull"])
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == f'Basic realm="{SERVICE}"'
    assert answer.content == {"errors": [{"code": "UNAUTHORIZED", "message": "the user name or password is wrong"}]}


@pytest.mark.parametrize(
    "parameters",
    [
        {"service": ["other.example"]},
        {"service": [SERVICE, "other.example"]},
        {"scope": [" ".join(f"repository:{number}/{'a' * 200}:pull" for number in range(80))]},
    ],
)
def test_an_invalid_service_or_too_many_scopes_is_a_bad_request(
    issuing: TokenAuthenticator, parameters: dict[str, list[str]]
) -> None:
    answer = get(issuing, BOB, **parameters)
    assert answer.status == 400
    assert set(answer.content) == {"errors"}


def test_an_authenticator_without_a_key_does_not_issue(open_one: Opener, key: tuple[Path, PrivateKey]) -> None:
    assert open_one(issuer={"name": ISSUER, "key": str(key[0])}).issues
    verifying = open_one(jwks=str(jwks(key[0].parent / "keys.json", jwk(key[1], "k"))))
    assert not verifying.issues


def test_the_realm_is_the_endpoint_of_the_host(issuing: TokenAuthenticator) -> None:
    challenge = issuing.challenge(Presented(base_url="https://r.example/mirror/"), [], None)
    assert challenge == f'Bearer realm="https://r.example/mirror/auth/token",service="{SERVICE}"'
