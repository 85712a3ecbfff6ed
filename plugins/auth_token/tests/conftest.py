"""A token server with keys of every kind, and an authenticator that trusts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from entrepot_auth_token import TokenAuthenticator

from .chains import Owner, pem
from .foreign import ISSUER, SERVICE, PrivateKey, jwk, jwks, openssl

Opener = Callable[..., TokenAuthenticator]


@dataclass(frozen=True)
class Keys:
    """The server's keys by ``kid``, and one key that is not trusted."""

    ec: EllipticCurvePrivateKey
    rsa: RSAPrivateKey
    ed: Ed25519PrivateKey
    stranger: EllipticCurvePrivateKey
    secret: bytes = field(default=b"0123456789abcdef" * 4, repr=False)

    def of(self, kid: str) -> PrivateKey | bytes:
        found: PrivateKey | bytes = getattr(self, kid)
        return found


@dataclass(frozen=True)
class Chain:
    """A trusted root with an intermediate and a leaf, and an untrusted root."""

    root: Owner
    middle: Owner
    leaf: Owner
    stranger: Owner
    root_certificate: x509.Certificate
    middle_certificate: x509.Certificate


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    _, first = openssl(folder, "ec", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    _, second = openssl(folder, "rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    _, third = openssl(folder, "ed", "-algorithm", "ed25519")
    assert isinstance(first, EllipticCurvePrivateKey)
    assert isinstance(second, RSAPrivateKey)
    assert isinstance(third, Ed25519PrivateKey)
    return Keys(first, second, third, generate_private_key(SECP256R1()))


@pytest.fixture(scope="session")
def chain() -> Chain:
    root, middle, leaf, stranger = (Owner(name) for name in ("root", "middle", "leaf", "stranger"))
    return Chain(root, middle, leaf, stranger, root.certify(root, ca=True), root.certify(middle, ca=True))


@pytest.fixture
def open_one() -> Iterator[Opener]:
    """A function that opens an authenticator, with options in addition to realm, service and issuer."""
    opened: list[TokenAuthenticator] = []

    def open_with(**options: object) -> TokenAuthenticator:
        named = {"realm": "https://tokens.example/token", "service": SERVICE, "issuer": ISSUER}
        opened.append(TokenAuthenticator.from_config({**named, **options}))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


@pytest.fixture
def trusting(open_one: Opener, keys: Keys, chain: Chain, tmp_path: Path) -> TokenAuthenticator:
    """An authenticator that trusts a set of four keys and a root certificate."""
    path = jwks(tmp_path / "keys.json", *(jwk(keys.of(kid), kid) for kid in ("ec", "rsa", "ed", "secret")))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pem(chain.root_certificate))
    return open_one(jwks=str(path), rootcertbundle=str(bundle))
