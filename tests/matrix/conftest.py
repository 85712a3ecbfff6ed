"""One registry for each server, with users of each kind and a token issuer."""

from __future__ import annotations

from collections.abc import Iterator

import bcrypt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from matrix.people import PASSWORDS
from matrix.table import USERS
from support.certificates import CertificateAuthority
from support.services.entrepot import entrepot
from support.services.registry import Registry, write_config


@pytest.fixture(scope="session")
def signing_key() -> ec.EllipticCurvePrivateKey:
    """The key that the registries sign their tokens with."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session", params=["waitress", "granian with TLS"])
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, signing_key: ec.EllipticCurvePrivateKey
) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("matrix")
    hashes = [f"{who}:{bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()}" for who, word in PASSWORDS.items()]
    (folder / "htpasswd").write_text("\n".join(hashes) + "\n")
    (folder / "token.pem").write_bytes(signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "token.pem").chmod(0o600)
    http: dict[str, object] = {}
    ca = None
    if request.param != "waitress":
        ca = CertificateAuthority(folder / "ca")
        certificate, private = ca.server("127.0.0.1")
        http["tls"] = {"certificate": str(certificate), "key": str(private)}
    access = [
        {"who": "anonymous", "repository": "public/**", "actions": ["pull"]},
        {"who": "user:keeper", "actions": ["pull", "push", "delete"]},
        *({"who": f"user:{who}", "repository": "team/**", "actions": actions} for who, actions in USERS.items()),
    ]
    config = write_config(
        folder / "config.yml",
        folder / "data",
        http=http,
        auth={
            "token": {"service": "registry", "issuer": {"name": "matrix", "key": str(folder / "token.pem")}},
            "htpasswd": {"realm": "matrix", "path": str(folder / "htpasswd")},
        },
        access=access,
    )
    server = "waitress" if ca is None else "granian"
    # One column of the table consists of failed logins.
    env = {"REGISTRY_LIMITS_LOGINS": "off"}
    made = entrepot(config, folder, server=server, env=env, ca=None if ca is None else ca.ca_path)
    made.start()
    yield made
    made.stop()
