"""Keys that are changed under a running authenticator."""

from __future__ import annotations

import os
import time
from pathlib import Path

import jwt
import pytest
from plugins.auth_token.tests.authority import House
from plugins.auth_token.tests.chains import pem, x5c
from plugins.auth_token.tests.conftest import Chain, Keys, Opener
from plugins.auth_token.tests.foreign import SERVICE, PrivateKey, bearer, claims, compact, jwk, jwks, openssl

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Presented, Refused
from entrepot_contract.tokens import TokenRequest


def replace(path: Path, content: bytes) -> None:
    """In one step, as secrets are in a cluster."""
    staged = path.with_suffix(".new")
    staged.write_bytes(content)
    staged.chmod(0o600)
    os.replace(staged, path)


def taken(authenticator: TokenAuthenticator, token: str) -> bool:
    try:
        return authenticator.authenticate(bearer(token)) is not None
    except Refused:
        return False


def in_time(authenticator: TokenAuthenticator, token: str, *, expected: bool) -> bool:
    """Whether a token is taken, or not, within a few seconds: files are looked at once a second."""
    end = time.monotonic() + 10
    while taken(authenticator, token) is not expected and time.monotonic() < end:
        time.sleep(0.05)
    return taken(authenticator, token) is expected


def test_a_new_key_of_the_set_is_known_at_once_and_an_old_one_is_forgotten(
    open_one: Opener, keys: Keys, tmp_path: Path
) -> None:
    path = jwks(tmp_path / "keys.json", jwk(keys.ec, "old"))
    trusting = open_one(jwks=str(path))
    old, new = (
        jwt.encode(claims(), key, algorithm, {"kid": kid})
        for key, algorithm, kid in ((keys.ec, "ES256", "old"), (keys.ed, "EdDSA", "new"))
    )
    assert taken(trusting, old)
    staged = jwks(tmp_path / "staged.json", jwk(keys.ed, "new"))
    replace(path, staged.read_bytes())
    assert taken(trusting, new)
    assert not taken(trusting, old), "it was verified before, and its key is gone"


def test_a_new_root_is_known_and_an_old_one_is_forgotten(open_one: Opener, chain: Chain, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pem(chain.root_certificate))
    trusting = open_one(rootcertbundle=str(bundle))
    leaf = chain.stranger.certify(chain.leaf)
    new = compact(chain.leaf.key, {"alg": "ES256", "x5c": x5c(leaf)})
    old_leaf = chain.root.certify(chain.leaf)
    old = compact(chain.leaf.key, {"alg": "ES256", "x5c": x5c(old_leaf)})
    assert taken(trusting, old)
    assert not taken(trusting, new)
    replace(bundle, pem(chain.stranger.certify(chain.stranger, ca=True)))
    assert in_time(trusting, new, expected=True)
    assert not taken(trusting, old)


def test_a_broken_file_leaves_the_keys_of_before(
    open_one: Opener, keys: Keys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = jwks(tmp_path / "keys.json", jwk(keys.ec, "ec"))
    trusting = open_one(jwks=str(path))
    token = jwt.encode(claims(), keys.ec, "ES256", {"kid": "ec"})
    replace(path, b'{"keys": [')
    assert not taken(trusting, jwt.encode(claims(), keys.ed, "EdDSA", {"kid": "new"}))
    assert taken(trusting, token)
    assert "what was there before stays" in caplog.text


def issued(authenticator: TokenAuthenticator) -> str:
    answer = authenticator.issue(TokenRequest("GET", {"service": [SERVICE]}, Presented()), House())
    token = answer.content["token"]
    assert isinstance(token, str)
    return token


def test_signing_keys_are_rotated_by_putting_a_new_one_on_top(open_one: Opener, tmp_path: Path) -> None:
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
        assert taken(one, before), "its key is still in the file"
        assert taken(one, after), "another process has signed it, a moment ago"

    replace(path, second_pem)
    assert in_time(other, before, expected=False)
    assert taken(other, after)


def verified_by_pyjwt(token: str, key: PrivateKey) -> bool:
    header = jwt.get_unverified_header(token)
    found = jwt.decode(token, key.public_key(), [header["alg"]], audience=SERVICE, issuer="a")
    return set(found) == {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access"}
