"""Valid tokens of other servers: every algorithm, and every way to name a key."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from entrepot_auth_token import TokenAuthenticator
from entrepot_auth_token.keys import fingerprint, key_of, thumbprint
from entrepot_contract.auth import Access, Identity, Presented, Refused

from .chains import pem, x5c
from .conftest import Chain, Keys, Opener
from .foreign import ISSUER, SERVICE, bearer, claims, compact, jwk, jwks, openssl

PULL, PUSH, DELETE = (Access("repository", "samalba/my-app", action) for action in ("pull", "push", "delete"))

# From Distribution's "Token Authentication Implementation"; the token there is not signed with this key.
SPEC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "PYYO:TEWU:V7JH:26JV:AQTZ:LJC3:SXVJ:XGHA:34F2:2LAQ:ZRMK:Z7Q6",
    "x": "m7zUpx3b-zmVE5cymSs64POG9QcyEpJaYCD82-549_Q",
    "y": "dU3biz8sZ_8GPB-odm8Wxz3lNDr1xcAQQPQaOcr1fmc",
}


def verified(authenticator: TokenAuthenticator, token: str) -> Identity:
    identity = authenticator.authenticate(bearer(token))
    assert identity is not None
    return identity


@pytest.mark.parametrize(
    ("kid", "algorithm"),
    [
        *[("ec", "ES256"), ("ed", "EdDSA")],
        *[("rsa", f"{family}{size}") for family in ("RS", "PS") for size in (256, 384, 512)],
        *[("secret", f"HS{size}") for size in (256, 384, 512)],
    ],
)
def test_a_token_of_pyjwt_is_verified(trusting: TokenAuthenticator, keys: Keys, kid: str, algorithm: str) -> None:
    token = jwt.encode(claims(groups=["dev"]), keys.of(kid), algorithm, {"kid": kid})
    identity = verified(trusting, token)
    assert identity.name == "jlhawn"
    assert identity.groups == {"dev"}
    assert identity.grants == frozenset({PULL, PUSH})


@pytest.mark.parametrize(("curve", "algorithm"), [("P-384", "ES384"), ("P-521", "ES512")])
def test_the_larger_curves_of_openssl_are_verified(
    open_one: Opener, tmp_path: Path, curve: str, algorithm: str
) -> None:
    _, key = openssl(tmp_path, "key", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")
    trusting = open_one(jwks=str(jwks(tmp_path / "keys.json", jwk(key, "k"))))
    assert verified(trusting, jwt.encode(claims(), key, algorithm, {"kid": "k"})).name == "jlhawn"


def test_the_kid_of_the_specification_is_the_fingerprint_of_its_key() -> None:
    assert fingerprint(jwt.PyJWK(SPEC_KEY).key) == SPEC_KEY["kid"]


def test_the_scheme_is_case_insensitive_and_other_schemes_are_ignored(trusting: TokenAuthenticator, keys: Keys) -> None:
    token = jwt.encode(claims(), keys.ec, "ES256", {"kid": "ec"})
    for scheme in ("Bearer", "bearer", "BEARER", "bEaReR", "Bearer   "):
        assert trusting.authenticate(Presented(f"{scheme} {token}")) is not None
    for other in (None, "", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", f"Bearers {token}", token):
        assert trusting.authenticate(Presented(other)) is None


def test_a_jwk_selects_a_trusted_key(trusting: TokenAuthenticator, keys: Keys) -> None:
    for kid, algorithm in (("ec", "ES256"), ("rsa", "RS256"), ("ed", "EdDSA")):
        key = keys.of(kid)
        assert not isinstance(key, bytes)
        assert verified(trusting, jwt.encode(claims(), key, algorithm, {"jwk": jwk(key, "any")})).name == "jlhawn"


def test_an_x5c_chain_to_the_bundle_is_accepted(trusting: TokenAuthenticator, chain: Chain) -> None:
    leaf = chain.middle.certify(chain.leaf)
    for header in ([leaf, chain.middle_certificate], [leaf, chain.middle_certificate, chain.root_certificate]):
        assert verified(trusting, compact(chain.leaf.key, {"alg": "ES256", "x5c": x5c(*header)})).name == "jlhawn"


def test_a_self_signed_certificate_of_the_bundle_is_a_chain_of_one(
    open_one: Opener, chain: Chain, tmp_path: Path
) -> None:
    certificate = chain.leaf.certify(chain.leaf)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pem(certificate))
    trusting = open_one(rootcertbundle=str(bundle))
    assert verified(trusting, compact(chain.leaf.key, {"alg": "ES256", "x5c": x5c(certificate)})).name == "jlhawn"


def test_a_key_of_the_bundle_is_named_by_thumbprint_fingerprint_or_not_at_all(
    open_one: Opener, chain: Chain, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pem(chain.root_certificate))
    trusting = open_one(rootcertbundle=str(bundle))
    public = chain.root.key.public_key()
    key = key_of(public)
    assert key is not None
    for header in ({"kid": thumbprint(key)}, {"kid": fingerprint(public)}, {}):
        assert verified(trusting, compact(chain.root.key, {"alg": "ES256", **header})).name == "jlhawn"


def test_keys_of_different_types_may_share_a_kid(open_one: Opener, keys: Keys, tmp_path: Path) -> None:
    path = jwks(tmp_path / "keys.json", jwk(keys.ec, "k"), jwk(keys.rsa, "k"))
    trusting = open_one(jwks=str(path))
    assert verified(trusting, jwt.encode(claims(), keys.ec, "ES256", {"kid": "k"})).name == "jlhawn"
    assert verified(trusting, jwt.encode(claims(), keys.rsa, "RS256", {"kid": "k"})).name == "jlhawn"


def test_only_signingalgorithms_are_accepted(open_one: Opener, keys: Keys, tmp_path: Path) -> None:
    path = str(jwks(tmp_path / "keys.json", jwk(keys.rsa, "rsa")))
    token = jwt.encode(claims(), keys.rsa, "RS256", {"kid": "rsa"})
    assert verified(open_one(jwks=path, signingalgorithms=["RS256"]), token).name == "jlhawn"
    with pytest.raises(Refused, match="signingalgorithms"):
        open_one(jwks=path, signingalgorithms=["RS512", "EdDSA"]).authenticate(bearer(token))


def test_alg_and_key_ops_of_a_jwk_are_enforced(open_one: Opener, keys: Keys, tmp_path: Path) -> None:
    path = jwks(tmp_path / "keys.json", jwk(keys.rsa, "rsa", alg="RS512"), jwk(keys.ec, "ec", key_ops=["sign"]))
    trusting = open_one(jwks=str(path))
    assert verified(trusting, jwt.encode(claims(), keys.rsa, "RS512", {"kid": "rsa"})).name == "jlhawn"
    for key, algorithm, kid in ((keys.rsa, "RS256", "rsa"), (keys.ec, "ES256", "ec")):
        with pytest.raises(Refused, match="signature"):
            trusting.authenticate(bearer(jwt.encode(claims(), key, algorithm, {"kid": kid})))


@pytest.mark.parametrize(
    ("access", "granted"),
    [
        ([], frozenset()),
        (None, frozenset()),
        (..., frozenset()),
        (
            [{"type": "repository", "name": "samalba/my-app", "actions": ["pull"], "class": "image", "more": 1}],
            frozenset({PULL}),
        ),
        ([{"type": "repository(plugin)", "name": "samalba/my-app", "actions": ["pull"]}], frozenset({PULL})),
        ([{"type": "repository", "name": "samalba/my-app", "actions": ["*"]}], frozenset({PULL, PUSH, DELETE})),
        ([{"type": "registry", "name": "catalog", "actions": ["*"]}], frozenset({Access("registry", "catalog", "*")})),
        (
            [{"type": "repository", "name": "samalba/*", "actions": ["pull"]}],
            frozenset({Access("repository", "samalba/*", "pull")}),
        ),
        ([{"type": "repository", "name": "samalba/my-app", "actions": None}], frozenset()),
    ],
)
def test_grants_equal_the_access_claim(
    trusting: TokenAuthenticator, keys: Keys, access: object, granted: frozenset[Access]
) -> None:
    assert verified(trusting, jwt.encode(claims(access=access), keys.ec, "ES256", {"kid": "ec"})).grants == granted


@pytest.mark.parametrize("sub", ["", ...])
def test_an_anonymous_token_has_no_name(trusting: TokenAuthenticator, keys: Keys, sub: object) -> None:
    assert verified(trusting, jwt.encode(claims(sub=sub), keys.ec, "ES256", {"kid": "ec"})).name == ""


@pytest.mark.parametrize("audience", [SERVICE, [SERVICE], ["other.example", SERVICE]])
def test_one_of_several_audiences_is_enough(trusting: TokenAuthenticator, keys: Keys, audience: object) -> None:
    token = jwt.encode(claims(aud=audience, iss=ISSUER), keys.ec, "ES256", {"kid": "ec"})
    assert verified(trusting, token).name == "jlhawn"


@pytest.mark.parametrize("typ", ["JWT", "jwt", None])
def test_typ_is_jwt_in_any_case_or_omitted(trusting: TokenAuthenticator, keys: Keys, typ: str | None) -> None:
    header = b'{"alg":"ES256","kid":"ec"%s}' % (b"" if typ is None else b',"typ":"%s"' % typ.encode())
    assert verified(trusting, compact(keys.ec, header, algorithm="ES256")).name == "jlhawn"


def test_an_unknown_header_parameter_is_ignored(trusting: TokenAuthenticator, keys: Keys) -> None:
    token = jwt.encode(claims(), keys.ec, "ES256", {"kid": "ec", "region": {"of": "no interest"}})
    assert verified(trusting, token).name == "jlhawn"
