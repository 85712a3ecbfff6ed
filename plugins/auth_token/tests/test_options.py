"""Validation of options and key files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract import ConfigError

from .conftest import Keys
from .foreign import jwk, jwks, openssl

BASE: dict[str, object] = {"realm": "https://t.example/token", "service": "r.example", "issuer": "t.example"}


def error_of(options: Mapping[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        TokenAuthenticator.from_config(options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "no key is trusted: set rootcertbundle, jwks, or key in issuer"),
        ({"jwks": "k", "service": ""}, "'service'"),
        ({"jwks": "k", "service": 'a"b'}, "'service'"),
        ({"jwks": "k", "service": "a\nb"}, "'service'"),
        ({"jwks": "k", "realm": ""}, "set realm"),
        ({"jwks": "k", "realm": 'https://a"b/'}, "'realm'"),
        ({"jwks": "k", "issuer": ""}, "'issuer.name'"),
        ({"jwks": "k", "issuer": {"name": "a", "kye": "b"}}, "unknown option 'issuer.kye'"),
        ({"jwks": "k", "issuer": {"name": "a", "expires": "5m"}}, "set key too"),
        ({"issuer": {"name": "a", "key": "k", "expires": "59s"}}, "'issuer.expires'"),
        ({"issuer": {"name": "a", "key": "k", "refresh": "a month"}}, "is not a duration"),
        ({"jwks": "k", "signingalgorithms": ["none"]}, "'signingalgorithms.0'"),
        ({"jwks": "k", "autoredirectpath": "auth"}, "'autoredirectpath'"),
        ({"jwks": "http://t.example/keys"}, "must be a path or an https URL"),
        ({"jwks": "http://127.0.0.1/keys"}, "must be a path or an https URL"),
        ({"jwks": "file:///keys"}, "must be a path or an https URL"),
        ({"jwks": "https://user:pass@t.example/keys"}, "without a user"),
        ({"jwks": "https:///keys"}, "with a host"),
        ({"jwks": "k", "jwkscacert": "ca"}, "jwkscacert requires an https URL"),
        ({"jwks": "https://t.example/keys", "jwkscacert": "/nowhere/ca.pem"}, "'jwkscacert': /nowhere/ca.pem cannot"),
        ({"jwks": "/nowhere/keys.json"}, "'jwks': /nowhere/keys.json cannot be used: No such file"),
        ({"rootcertbundle": "/nowhere/b.pem"}, "'rootcertbundle': /nowhere/b.pem cannot be used: No such file"),
        ({"issuer": {"name": "a", "key": "/nowhere/k.pem"}}, "'issuer.key': /nowhere/k.pem cannot be used: No such"),
        ({"jwks": "k", "leeway": "1h"}, "'leeway'"),
    ],
)
def test_invalid_options_are_rejected(options: dict[str, object], reason: str) -> None:
    assert reason in error_of(BASE | options)


def test_a_password_in_a_url_is_not_in_the_error() -> None:
    assert "pa55" not in error_of(BASE | {"jwks": "https://user:pa55@t.example/keys"})


def test_the_realm_is_optional_with_autoredirect_or_an_issuer_key(keys: Keys, tmp_path: Path) -> None:
    path = str(jwks(tmp_path / "keys.json", jwk(keys.ec, "ec")))
    key, _ = openssl(tmp_path, "key", "-algorithm", "ed25519")
    for options in ({"jwks": path, "autoredirect": True}, {"issuer": {"name": "a", "key": str(key)}}):
        TokenAuthenticator.from_config(BASE | {"realm": ""} | options).close()


SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it must be rejected
SECP = ec.generate_private_key(ec.SECP256K1())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('{"keys": [], "keys": []}', "duplicate members"),
        ("{}", "no list `keys`"),
        ('{"keys": {}}', "no list `keys`"),
        ('{"keys": []}', "no signature key"),
        ('{"keys": ["a"]}', "key 1 is not a JSON object"),
        (json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}), "key 1 is malformed"),
        (json.dumps({"keys": [{"kty": "EC", "crv": "P-256"}]}), "key 1 is malformed"),
        (
            json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}]}),
            "a secret with less than 32 bytes",
        ),
        (json.dumps({"keys": [jwk(SHORT, "short")]}), "an RSA key with less than 2048 bits"),
        (json.dumps({"keys": [{"kty": "PQ", "pub": "AA"}]}), "no signature key"),
        (json.dumps({"keys": [{"kty": ["EC"]}]}), "key 1 is malformed"),
    ],
)
def test_an_invalid_key_set_is_rejected_with_the_number_of_the_key(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    message = error_of(BASE | {"jwks": str(tmp_path / "keys.json")})
    assert reason in message
    assert "c2VjcmV0" not in message


def test_keys_of_a_set_that_are_not_signature_keys_are_ignored(keys: Keys, tmp_path: Path) -> None:
    unknown = [{"kty": "PQ", "pub": "AA"}, {"kty": "EC", "crv": "secp256k1"}, jwk(keys.rsa, "enc", use="enc")]
    path = jwks(tmp_path / "keys.json", *unknown, jwk(keys.ec, "ec"))
    TokenAuthenticator.from_config(BASE | {"jwks": str(path)}).close()


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no private key in PEM format; create one with `openssl genpkey"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "key 1 is malformed"),
        (pem(SECP, b"pa55phrase"), "key 1 is encrypted"),
        (pem(SECP), "key 1 is not EC P-256"),
        (pem(SHORT), "key 1 is not EC P-256"),
        (pem(ec.generate_private_key(ec.SECP256R1())) + pem(SHORT), "key 2 is not EC P-256"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "key 1 signs with ES384, which is not one of"),
    ],
)
def test_an_unusable_signing_key_is_rejected(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    issuer = {"name": "a", "key": str(path)}
    assert reason in error_of(BASE | {"issuer": issuer, "signingalgorithms": ["ES256", "RS256"]})


def test_a_bundle_without_a_certificate_is_rejected(keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "bundle.pem"
    path.write_text("no certificate")
    assert "'rootcertbundle'" in error_of(BASE | {"rootcertbundle": str(path)})


@pytest.mark.parametrize(("mode", "logged"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_signing_key_accessible_by_others_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, logged: bool
) -> None:
    path, _ = openssl(tmp_path, "key", "-algorithm", "ed25519")
    path.chmod(mode)
    TokenAuthenticator.from_config(BASE | {"issuer": {"name": "a", "key": str(path)}}).close()
    assert ("accessible by other users" in caplog.text) is logged
