"""Rotation of keys in a running authenticator."""

from __future__ import annotations

import os
import time
from pathlib import Path

import jwt
import pytest

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Presented, Refused
from entrepot_contract.tokens import TokenRequest

from .authority import House
from .chains import pem, x5c
from .conftest import Chain, Keys, Opener
from .foreign import SERVICE, PrivateKey, bearer, claims, compact, jwk, jwks, openssl


def replace(path: Path, content: bytes) -> None:
    """Replace a file atomically, as a cluster does with secrets."""
    staged = path.with_suffix(".new")
    staged.write_bytes(content)
    staged.chmod(0o600)
    os.replace(staged, path)


def accepted(authenticator: TokenAuthenticator, token: str) -> bool:
    try:
        return authenticator.authenticate(bearer(token)) is not None
    except Refused:
        return False


def becomes(authenticator: TokenAuthenticator, token: str, *, expected: bool) -> bool:
    """Return whether a token is accepted (or not) within a few seconds; files are checked once a second."""
    end = time.monotonic() + 10
    while accepted(authenticator, token) is not expected and time.monotonic() < end:
        time.sleep(0.05)
    return accepted(authenticator, token) is expected


def test_an_added_key_is_used_immediately_and_a_removed_one_no_longer(
    open_one: Opener, keys: Keys, tmp_path: Path
) -> None:
    path = jwks(tmp_path / "keys.json", jwk(keys.ec, "old"))
    trusting = open_one(jwks=str(path))
    old, new = (
        jwt.encode(claims(), key, algorithm, {"kid": kid})
        for key, algorithm, kid in ((keys.ec, "ES256", "old"), (keys.ed, "EdDSA", "new"))
    )
    assert accepted(trusting, old)
    staged = jwks(tmp_path / "staged.json", jwk(keys.ed, "new"))
    replace(path, staged.read_bytes())
    assert accepted(trusting, new)
    assert not accepted(trusting, old), "a cached token must not outlive its key"


def test_an_added_root_is_used_and_a_removed_one_no_longer(open_one: Opener, chain: Chain, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pem(chain.root_certificate))
    trusting = open_one(rootcertbundle=str(bundle))
    leaf = chain.stranger.certify(chain.leaf)
    new = compact(chain.leaf.key, {"alg": "ES256", "x5c": x5c(leaf)})
    old_leaf = chain.root.certify(chain.leaf)
    old = compact(chain.leaf.key, {"alg": "ES256", "x5c": x5c(old_leaf)})
    assert accepted(trusting, old)
    assert not accepted(trusting, new)
    replace(bundle, pem(chain.stranger.certify(chain.stranger, ca=True)))
    assert becomes(trusting, new, expected=True)
    assert not accepted(trusting, old)


def test_a_malformed_file_keeps_the_previous_keys(
    open_one: Opener, keys: Keys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = jwks(tmp_path / "keys.json", jwk(keys.ec, "ec"))
    trusting = open_one(jwks=str(path))
    token = jwt.encode(claims(), keys.ec, "ES256", {"kid": "ec"})
    replace(path, b'{"keys": [')
    assert not accepted(trusting, jwt.encode(claims(), keys.ed, "EdDSA", {"kid": "new"}))
    assert accepted(trusting, token)
    assert "keeping previous content" in caplog.text


def issued(authenticator: TokenAuthenticator) -> str:
    answer = authenticator.issue(TokenRequest("GET", {"service": [SERVICE]}, Presented()), House())
    token = answer.content["token"]
    assert isinstance(token, str)
    return token


def test_signing_keys_are_rotated_by_inserting_a_new_one_at_the_top(open_one: Opener, tmp_path: Path) -> None:
    path, _ = openssl(tmp_path, "key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
    second, newer = openssl(tmp_path, "second", "-algorithm", "ed25519")
    first_pem, second_pem = path.read_bytes(), second.read_bytes()
    signing, other = (open_one(issuer={"name": "a", "key": str(path)}) for _ in range(2))
    before = issued(signing)
    assert jwt.get_unverified_header(before)["alg"] == "ES384"

    replace(path, second_pem + b"\n" + first_pem)
    end = time.monotonic() + 10
    while jwt.get_unverified_header(after := issued(signing))["alg"] == "ES384" and time.monotonic() < end:
        time.sleep(0.05)
    assert not isinstance(newer, bytes)
    assert verified_by_pyjwt(after, newer)
    for one in (signing, other):
        assert accepted(one, before), "its key is still in the file"
        assert accepted(one, after), "another process has just signed it"

    replace(path, second_pem)
    assert becomes(other, before, expected=False)
    assert accepted(other, after)


def verified_by_pyjwt(token: str, key: PrivateKey) -> bool:
    header = jwt.get_unverified_header(token)
    found = jwt.decode(token, key.public_key(), [header["alg"]], audience=SERVICE, issuer="a")
    return set(found) == {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access"}
