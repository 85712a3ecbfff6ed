"""A table of invalid tokens."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Refused

from .chains import Owner, x5c
from .conftest import Chain, Keys
from .foreign import b64, bearer, claims, compact, jwk

HOUR = 3600
DAY = timedelta(days=1)


def with_claims(**other: object) -> Callable[[Keys], str]:
    return lambda keys: compact(keys.ec, {"alg": "ES256", "kid": "ec"}, claims(**other))


def with_header(**other: object) -> Callable[[Keys], str]:
    return lambda keys: compact(keys.ec, {"alg": "ES256", "kid": "ec", **other})


def with_access(entry: object) -> Callable[[Keys], str]:
    return with_claims(access=[{"type": "repository", "name": "a/b", "actions": ["pull"]}, entry])


def good(keys: Keys) -> str:
    return with_claims()(keys)


def cut(place: int) -> Callable[[Keys], str]:
    return lambda keys: good(keys)[:place]


def part(number: int, text: str) -> Callable[[Keys], str]:
    def make(keys: Keys) -> str:
        parts = good(keys).split(".")
        parts[number] = text
        return ".".join(parts)

    return make


def secret_of_public_key(encoding: Encoding) -> Callable[[Keys], str]:
    def make(keys: Keys) -> str:
        public = keys.rsa.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        return compact(public, {"alg": "HS256", "kid": "rsa"})

    return make


def twice(keys: Keys) -> str:
    payload = json.dumps(claims()).replace('"iss"', '"sub": "root", "iss"').encode()
    return compact(keys.ec, {"alg": "ES256", "kid": "ec"}, payload)


def header_twice(keys: Keys) -> str:
    return compact(keys.ec, b'{"alg":"none","alg":"ES256","kid":"ec"}', algorithm="ES256")


def raw_claims(payload: bytes) -> Callable[[Keys], str]:
    return lambda keys: compact(keys.ec, {"alg": "ES256", "kid": "ec"}, payload)


def signed_by(name: str, header: Mapping[str, object]) -> Callable[[Keys], str]:
    return lambda keys: compact(keys.of(name), header)


def unsigned(algorithm: str) -> Callable[[Keys], str]:
    return lambda keys: f"{b64(json.dumps({'alg': algorithm}).encode())}.{good(keys).split('.')[1]}."


def foreign_jwk(keys: Keys) -> str:
    return compact(keys.stranger, {"alg": "ES256", "jwk": jwk(keys.stranger)})


def jwk_of_another(keys: Keys) -> str:
    return compact(keys.stranger, {"alg": "ES256", "jwk": jwk(keys.ec)})


def changed(keys: Keys) -> str:
    head, _, signature = good(keys).split(".")
    return f"{head}.{b64(json.dumps(claims(sub='root')).encode())}.{signature}"


NOW = int(time.time())
MALFORMED, SIGNATURE, ACCESS = "malformed", "signature does not match the key", "access"

TABLE: dict[str, tuple[Callable[[Keys], str], str]] = {
    "nothing": (lambda keys: "", MALFORMED),
    "a-word": (lambda keys: "token", MALFORMED),
    "two-parts": (lambda keys: ".".join(good(keys).split(".")[:2]), MALFORMED),
    "four-parts": (lambda keys: good(keys) + ".e30", MALFORMED),
    "five-parts-encrypted": (lambda keys: "e30.e30.e30.e30.e30", MALFORMED),
    "padded": (lambda keys: good(keys) + "=", "not base64url"),
    "standard-base64": (part(2, "+/+/"), "not base64url"),
    "not-ascii": (part(2, "\u20ac\u20ac\u20ac"), MALFORMED),
    "header-is-no-json": (part(0, b64(b"{alg}")), "header is not a JSON"),
    "header-is-a-list": (part(0, b64(b"[1]")), "header is not a JSON"),
    "header-is-no-utf-8": (part(0, b64(b'{"alg":"\xff"}')), "header is not a JSON"),
    "header-nested": (part(0, b64(b'{"a":' + b"[" * 5000)), "header is not a JSON"),
    "header-member-twice": (header_twice, "header is not a JSON object with unique members"),
    "claims-are-no-json": (raw_claims(b"pull"), "claims are not a JSON"),
    "claims-are-a-list": (raw_claims(b"[]"), "claims are not a JSON"),
    "claims-nested": (raw_claims(b'{"a":' + b"[" * 5000), "claims are not a JSON"),
    "claims-with-nan": (raw_claims(b'{"exp":NaN}'), "claims are not a JSON"),
    "claims-with-endless-number": (raw_claims(b'{"exp":' + b"9" * 5000 + b"}"), "claims are not a JSON"),
    "claims-member-twice": (twice, "claims are not a JSON object with unique members"),
    "truncated-signature": (cut(-6), SIGNATURE),
    "truncated-in-the-claims": (cut(200), MALFORMED),
    "no-signature": (lambda keys: ".".join([*good(keys).split(".")[:2], ""]), SIGNATURE),
    "claims-changed": (changed, SIGNATURE),
    "oversized": (with_claims(pad="x" * 16384), "more than 16384 characters"),
    "oversized-and-unsigned": (lambda keys: "x" * 20000, "more than 16384 characters"),
    "expired": (with_claims(exp=NOW - HOUR), "expired"),
    "without-exp": (with_claims(exp=...), "no exp"),
    "exp-is-a-string": (with_claims(exp=str(NOW + HOUR)), "exp is not a valid time"),
    "exp-is-true": (with_claims(exp=True), "exp is not a valid time"),
    "exp-is-null": (with_claims(exp=None), "exp is not a valid time"),
    "exp-is-negative": (with_claims(exp=-1), "exp is not a valid time"),
    "exp-is-out-of-range": (with_claims(exp=10**30), "exp is not a valid time"),
    "exp-is-infinite": (
        raw_claims(json.dumps(claims(exp=0)).replace('"exp": 0', '"exp": 1e999').encode()),
        "exp is not",
    ),
    "not-yet-valid": (with_claims(nbf=NOW + HOUR), "nbf is in the future"),
    "issued-in-the-future": (with_claims(iat=NOW + HOUR), "iat is in the future"),
    "nbf-is-a-list": (with_claims(nbf=[NOW]), "nbf is not a valid time"),
    "wrong-issuer": (with_claims(iss="evil.example"), "iss"),
    "issuer-in-another-case": (with_claims(iss="Tokens.example"), "iss"),
    "issuer-is-a-list": (with_claims(iss=["tokens.example"]), "iss"),
    "without-issuer": (with_claims(iss=...), "iss"),
    "wrong-audience": (with_claims(aud="other.example"), "aud"),
    "longer-audience": (with_claims(aud="registry.example.com"), "aud"),
    "other-audiences": (with_claims(aud=["other.example", ["registry.example"]]), "aud"),
    "no-audience-of-several": (with_claims(aud=[]), "aud"),
    "audience-is-an-object": (with_claims(aud={"registry.example": 1}), "aud"),
    "without-audience": (with_claims(aud=...), "aud"),
    "sub-is-a-number": (with_claims(sub=7), "sub is not a string"),
    "sub-is-null": (with_claims(sub=None), "sub is not a string"),
    "groups-are-a-string": (with_claims(groups="admin"), "groups"),
    "groups-of-numbers": (with_claims(groups=[1]), "groups"),
    "access-is-an-object": (with_claims(access={"type": "repository"}), ACCESS),
    "access-is-a-string": (with_claims(access="repository:a/b:pull"), ACCESS),
    "access-is-false": (with_claims(access=False), ACCESS),
    "access-of-strings": (with_access("repository:a/b:pull"), ACCESS),
    "access-of-null": (with_access(None), ACCESS),
    "access-without-type": (with_access({"name": "a/b", "actions": ["pull"]}), ACCESS),
    "access-without-name": (with_access({"type": "repository", "actions": ["pull"]}), ACCESS),
    "access-name-is-a-list": (with_access({"type": "repository", "name": ["a"], "actions": ["pull"]}), ACCESS),
    "access-actions-is-a-string": (with_access({"type": "repository", "name": "a", "actions": "pull"}), ACCESS),
    "access-action-is-a-number": (with_access({"type": "repository", "name": "a", "actions": [1]}), ACCESS),
    "unsigned": (unsigned("none"), "alg is not one of signingalgorithms"),
    "unsigned-in-another-case": (unsigned("NoNe"), "alg is not one of signingalgorithms"),
    "unsigned-but-es256": (unsigned("ES256"), "names no key"),
    "alg-is-a-list": (lambda keys: compact(keys.ec, {"alg": ["ES256"], "kid": "ec"}, algorithm="ES256"), "alg"),
    "without-alg": (lambda keys: compact(keys.ec, {"kid": "ec"}, algorithm="ES256"), "alg"),
    "alg-that-is-not-supported": (lambda keys: compact(keys.ec, {"alg": "ES256K"}, algorithm="ES256"), "alg"),
    "secret-is-the-public-pem": (secret_of_public_key(Encoding.PEM), SIGNATURE),
    "secret-is-the-public-der": (secret_of_public_key(Encoding.DER), SIGNATURE),
    "secret-is-empty": (lambda keys: compact(b"", {"alg": "HS256", "kid": "ec"}), SIGNATURE),
    "alg-is-not-for-the-key": (signed_by("rsa", {"alg": "RS256", "kid": "ec"}), SIGNATURE),
    "secret-with-rsa-alg": (signed_by("rsa", {"alg": "RS256", "kid": "secret"}), SIGNATURE),
    "kid-of-another-key": (signed_by("stranger", {"alg": "ES256", "kid": "ec"}), SIGNATURE),
    "kid-unknown": (signed_by("stranger", {"alg": "ES256", "kid": "stranger"}), "kid names no trusted key"),
    "kid-is-a-path": (with_header(kid="../../dev/null"), "kid names no trusted key"),
    "kid-is-a-number": (with_header(kid=5), "kid names no trusted key"),
    "kid-is-null": (with_header(kid=None), "kid names no trusted key"),
    "no-kid-and-several-keys": (lambda keys: compact(keys.ec, {"alg": "ES256"}), "names no key"),
    "crit-unknown": (with_header(crit=["exp2"], exp2=1), "crit"),
    "crit-of-what-is-known": (with_header(crit=["kid"]), "crit"),
    "crit-empty": (with_header(crit=[]), "crit"),
    "crit-unencoded-payload": (with_header(crit=["b64"], b64=False), "crit"),
    "unencoded-payload": (with_header(b64=False), SIGNATURE),
    "typ-is-another": (with_header(typ="at+jwt"), "typ"),
    "typ-is-a-number": (with_header(typ=1), "typ"),
    "jwk-of-a-stranger": (foreign_jwk, "jwk is not a trusted key"),
    "jwk-of-a-stranger-with-known-kid": (
        lambda keys: compact(keys.stranger, {"alg": "ES256", "kid": "ec", "jwk": jwk(keys.stranger)}),
        "jwk is not a trusted key",
    ),
    "jwk-trusted-and-not-the-signer": (jwk_of_another, SIGNATURE),
    "jwk-is-a-secret": (
        lambda keys: compact(keys.secret, {"alg": "HS256", "jwk": jwk(keys.secret)}),
        "not a public key",
    ),
    "jwk-is-a-string": (with_header(jwk="ec"), "not a public key"),
    "jwk-without-members": (with_header(jwk={"kty": "EC"}), "jwk is malformed"),
    "x5c-is-a-string": (with_header(x5c="MIIB"), "x5c"),
    "x5c-empty": (with_header(x5c=[]), "x5c"),
    "x5c-of-no-certificate": (with_header(x5c=[b64(b"MIIB")]), "x5c contains an invalid certificate"),
    "x5c-of-no-base64": (with_header(x5c=["!"]), "x5c contains an invalid certificate"),
    "x5c-of-numbers": (with_header(x5c=[1]), "x5c"),
    "x5c-endless": (with_header(x5c=["MIIB"] * 9), "x5c"),
}


def refusal(authenticator: TokenAuthenticator, token: str) -> str:
    with pytest.raises(Refused) as caught:
        authenticator.authenticate(bearer(token))
    return str(caught.value)


@pytest.mark.parametrize("case", TABLE)
def test_an_invalid_token_is_refused_with_the_failed_check(
    trusting: TokenAuthenticator, keys: Keys, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, reason = TABLE[case]
    token = make(keys)
    with caplog.at_level(logging.DEBUG, "entrepot_auth_token"):
        message = refusal(trusting, token)
    assert reason in message
    for segment in token.split("."):
        assert len(segment) < 8 or segment not in message + caplog.text


def test_the_unmodified_token_is_valid(trusting: TokenAuthenticator, keys: Keys) -> None:
    identity = trusting.authenticate(bearer(good(keys)))
    assert identity is not None
    assert identity.name == "jlhawn"


def test_a_chain_must_lead_to_a_root_through_valid_ca_certificates(trusting: TokenAuthenticator, chain: Chain) -> None:
    root, middle, leaf, stranger = chain.root, chain.middle, chain.leaf, chain.stranger
    good_leaf = middle.certify(leaf)
    table = {
        "no-middle": [good_leaf],
        "another-root": [stranger.certify(leaf), stranger.certify(stranger, ca=True)],
        "root-of-the-same-name": [Owner("root").certify(leaf)],
        "self-signed": [leaf.certify(leaf)],
        "expired-leaf": [middle.certify(leaf, begins=-3 * DAY, ends=-DAY), chain.middle_certificate],
        "leaf-not-yet-valid": [middle.certify(leaf, begins=DAY, ends=2 * DAY), chain.middle_certificate],
        "expired-middle": [good_leaf, root.certify(middle, ca=True, begins=-3 * DAY, ends=-DAY)],
        "middle-is-no-ca": [good_leaf, root.certify(middle, ca=False)],
        "middle-without-basic-constraints": [good_leaf, root.certify(middle)],
    }
    for case, certificates in table.items():
        token = compact(leaf.key, {"alg": "ES256", "x5c": x5c(*certificates)})
        assert "does not lead to a root" in refusal(trusting, token), case
    backwards = compact(leaf.key, {"alg": "ES256", "x5c": x5c(chain.middle_certificate, good_leaf)})
    assert SIGNATURE in refusal(trusting, backwards)
    by_another_key = compact(stranger.key, {"alg": "ES256", "x5c": x5c(good_leaf, chain.middle_certificate)})
    assert SIGNATURE in refusal(trusting, by_another_key)
    # A trusted kid does not make an untrusted chain acceptable.
    with_kid = compact(leaf.key, {"alg": "ES256", "kid": "ec", "x5c": x5c(leaf.certify(leaf))})
    assert "does not lead to a root" in refusal(trusting, with_kid)
