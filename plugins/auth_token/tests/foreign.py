"""An independent token server: openssl creates its keys, and PyJWT signs."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import get_default_algorithms

from entrepot_contract.auth import Presented

__all__ = ["ISSUER", "SERVICE", "Jwk", "PrivateKey", "b64", "bearer", "claims", "compact", "jwk", "jwks", "openssl"]

ISSUER = "tokens.example"
SERVICE = "registry.example"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Jwk = dict[str, Any]


def _family(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "EdDSA"


def openssl(folder: Path, name: str, *arguments: str) -> tuple[Path, PrivateKey]:
    """Create a private key in a PEM file with ``openssl genpkey``."""
    path = folder / f"{name}.pem"
    subprocess.run(["openssl", "genpkey", *arguments, "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, PrivateKey)
    return path, key


def jwk(key: PrivateKey | bytes, kid: str | None = None, **more: object) -> Jwk:
    """Return a public key or a secret as encoded by PyJWT."""
    if isinstance(key, bytes):
        found: Jwk = {"kty": "oct", "k": b64(key)}
    else:
        found = get_default_algorithms()[_family(key)].to_jwk(key.public_key(), as_dict=True)
        found.pop("key_ops", None)
    return found | ({} if kid is None else {"kid": kid}) | more


def jwks(path: Path, *keys: Jwk) -> Path:
    """Write a key set to a file."""
    path.write_text(json.dumps({"keys": keys}))
    return path


def claims(**other: object) -> dict[str, object]:
    """Return valid claims, with replacements; Ellipsis removes a claim."""
    now = int(time.time())
    access = [{"type": "repository", "name": "samalba/my-app", "actions": ["pull", "push"]}]
    good: dict[str, object] = {"iss": ISSUER, "sub": "jlhawn", "aud": SERVICE, "exp": now + 300, "nbf": now, "iat": now}
    changed = good | {"jti": "tYJCO1c6cnyy7kAn0c7rKPgbV1H1bFws", "access": access} | other
    return {name: value for name, value in changed.items() if value is not ...}


def compact(
    key: object,
    header: Mapping[str, object] | bytes,
    payload: Mapping[str, object] | bytes | None = None,
    *,
    algorithm: str | None = None,
) -> str:
    """Return a signed token (RFC 7515, 3.1); a header or payload of type bytes is used unchanged."""
    if isinstance(header, bytes):
        head = header
    else:
        algorithm = algorithm or str(header["alg"])
        head = json.dumps({"typ": "JWT", **header}).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(claims() if payload is None else payload).encode()
    signed = f"{b64(head)}.{b64(body)}"
    assert algorithm is not None
    return f"{signed}.{b64(get_default_algorithms()[algorithm].sign(signed.encode(), key))}"


def bearer(token: str) -> Presented:
    """Return a request with a bearer token."""
    return Presented(f"Bearer {token}", address="192.0.2.1", base_url="https://registry.example/")


def b64(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
