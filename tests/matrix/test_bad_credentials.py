"""Invalid credentials are rejected with the right status, code and challenge, and are never logged."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey
from matrix.people import basic
from support.services.registry import Registry
from support.wire import WireError

Key = ec.EllipticCurvePrivateKey
Make = Callable[[Key], str]

PULL = {"type": "repository", "name": "team/app", "actions": ["pull"]}
TARGET = "/v2/team/app/tags/list"


def _claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    claims = {"iss": "matrix", "sub": "puller", "aud": "registry", "iat": now, "nbf": now, "exp": now + 300}
    return {name: value for name, value in (claims | {"access": [PULL]} | changes).items() if value is not None}


def _signed(key: Key, claims: Mapping[str, object], *, kid: str | None = None, **headers: object) -> str:
    kid = kid or str(ECKey.import_key(key).thumbprint())
    return jwt.encode(dict(claims), key, algorithm="ES256", headers={"kid": kid, **headers})


def _with_public_key_as_secret(key: Key) -> str:
    # Built by hand, because no library creates such signatures.
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": str(ECKey.import_key(key).thumbprint())}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, _claims())]
    signature = hmac.digest(public, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def _truncated(key: Key) -> str:
    return _signed(key, _claims())[:-10]


TOKENS: dict[str, Make] = {
    "empty": lambda key: "",
    "no token": lambda key: "swordfish",
    "three dots": lambda key: "...",
    "expired": lambda key: _signed(key, _claims(exp=int(time.time()) - 3600)),
    "not yet valid": lambda key: _signed(key, _claims(nbf=int(time.time()) + 3600)),
    "without an end": lambda key: _signed(key, _claims(exp=None)),
    "for another service": lambda key: _signed(key, _claims(aud="elsewhere")),
    "of another issuer": lambda key: _signed(key, _claims(iss="elsewhere")),
    "of another key": lambda key: _signed(
        ec.generate_private_key(ec.SECP256R1()), _claims(), kid=str(ECKey.import_key(key).thumbprint())
    ),
    "of an unknown key": lambda key: _signed(ec.generate_private_key(ec.SECP256R1()), _claims()),
    "truncated": _truncated,
    "oversized": lambda key: _signed(key, _claims(padding="x" * 20_000)),
    "not signed": lambda key: jwt.encode(_claims(), "", algorithm="none"),
    "signed with the public key": _with_public_key_as_secret,
    "with an unknown critical header": lambda key: _signed(key, _claims(), crit=["swordfish"], swordfish=1),
    "with accesses that are none": lambda key: _signed(key, _claims(access=[{"type": "repository"}])),
}
BASIC = {
    "wrong password": basic("admin", "swordfish"),
    "unknown user": basic("swordfish", "x"),
    "colons": basic("admin", "admin-password:swordfish"),
    "NULs": basic("admin", "admin-password\0swordfish"),
    "no colon": {"Authorization": f"Basic {base64.b64encode(b'swordfish').decode()}"},
    "no base64": {"Authorization": "Basic swordfish!"},
    "no UTF-8": {"Authorization": f"Basic {base64.b64encode(bytes([255]) * 9).decode()}"},
    "too long": basic("admin", "swordfish" * 3000),
    "nothing": {"Authorization": "Basic"},
    "another scheme": {"Authorization": "Negotiate swordfish"},
}


def _check_refused(registry: Registry, headers: Mapping[str, str]) -> None:
    answer = registry.wire.request("GET", TARGET, headers=headers)
    assert answer.status == 401, answer.body
    assert b'"UNAUTHORIZED"' in answer.body
    scheme = "https" if registry.wire.secure else "http"
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="{scheme}://{registry.address}/auth/token",service="registry",'
        'scope="repository:team/app:pull",error="invalid_token"'
    )
    credential = headers["Authorization"].partition(" ")[2]
    log = registry.service.log.read_text()
    assert "credential rejected: address=127.0.0.1" in log
    assert "swordfish" not in log
    assert len(credential) < 20 or credential[:60] not in log


@pytest.mark.parametrize("kind", TOKENS)
def test_an_invalid_token_is_rejected(registry: Registry, signing_key: Key, kind: str) -> None:
    _check_refused(registry, {"Authorization": f"Bearer {TOKENS[kind](signing_key)}"})


@pytest.mark.parametrize("kind", BASIC)
def test_invalid_basic_credentials_are_rejected(registry: Registry, kind: str) -> None:
    _check_refused(registry, BASIC[kind])


def test_the_token_from_which_the_invalid_ones_were_derived_is_valid(registry: Registry, signing_key: Key) -> None:
    headers = {"Authorization": f"Bearer {_signed(signing_key, _claims())}"}
    assert registry.wire.request("GET", TARGET, headers=headers).status in {200, 404}


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/v2/team/other/tags/list"), ("POST", "/v2/team/app/blobs/uploads/"), ("GET", "/v2/_catalog")],
)
def test_a_token_for_another_repository_is_insufficient(
    registry: Registry, signing_key: Key, method: str, target: str
) -> None:
    headers = {"Authorization": f"Bearer {_signed(signing_key, _claims())}"}
    answer = registry.wire.request(method, target, headers=headers)
    assert answer.status == 401
    assert b'"UNAUTHORIZED"' in answer.body
    assert answer.headers["www-authenticate"].endswith(',error="insufficient_scope"')


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_credentials_of_10_mb_are_rejected_and_the_registry_keeps_running(registry: Registry, scheme: str) -> None:
    # A server need not read the whole header: some close the connection while the client is still sending.
    try:
        answer = registry.wire.request("GET", TARGET, headers={"Authorization": f"{scheme} {'x' * 10_000_000}"})
    except (WireError, HTTPException, OSError):
        pass
    else:
        assert answer.status in {400, 401, 431}, answer.status
    assert registry.wire.request("GET", "/v2/").status == 401


@pytest.mark.parametrize(
    "scope",
    [
        "repository",
        "repository:a",
        "repository:A:pull",
        ":a:pull",
        "x" * 20_000,
        "a:b:c:d:e",
    ],
)
def test_an_invalid_scope_grants_nothing(registry: Registry, scope: str) -> None:
    target = f"/auth/token?service=registry&scope={scope}"
    answer = registry.wire.request("GET", target, headers=basic("admin", "admin-password"))
    assert answer.status == 200, answer.body
    granted = jwt.decode(json.loads(answer.body)["token"], options={"verify_signature": False})["access"]
    assert granted == []
