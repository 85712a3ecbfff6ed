"""A small, correct authenticator of JSON Web Tokens: the base class of the broken ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import SecretStr

from entrepot_contract import DriverOptions
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.testing import bearer

KEY = "kit-key-of-the-honest-verifier"
LONGEST = 16 * 2**10
CLAIMS: Mapping[str, object] = {"iss": "kit", "aud": "registry", "sub": "alice"}


class JwtOptions(DriverOptions):
    """A key, an issuer and an audience."""

    key: SecretStr
    issuer: str = "kit"
    audience: str = "registry"


class HonestVerifier(Authenticator):
    """Tokens that another service has signed with HMAC."""

    name: ClassVar[str] = "honest-verifier"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = JwtOptions

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, JwtOptions)
        self.options = options

    def authenticate(self, presented: Presented) -> Identity | None:
        scheme, _, token = (presented.authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip(" ")
        if len(token) > LONGEST or token.count(".") != 2:
            raise Refused("the token is too long or malformed")
        header, payload, signature = token.split(".")
        self.check_signature(self.claims(header), f"{header}.{payload}", signature)
        return self.identity(self.claims(payload))

    def claims(self, part: str) -> Mapping[str, object]:
        try:
            found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except (ValueError, RecursionError):
            raise Refused("the token is malformed") from None
        if not isinstance(found, dict):
            raise Refused("the token is malformed")
        return found

    def key(self, header: Mapping[str, object]) -> str:
        return self.options.key.get_secret_value()

    def check_signature(self, header: Mapping[str, object], signed: str, signature: str) -> None:
        if header.get("alg") != "HS256":
            raise Refused("the algorithm is not allowed")
        mac = hmac.digest(self.key(header).encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha256)
        if not self.same(signature.encode("utf-8", "surrogatepass"), encoded(mac).encode()):
            raise Refused("the signature is wrong")

    def same(self, given: bytes, expected: bytes) -> bool:
        return hmac.compare_digest(given, expected)

    def identity(self, claims: Mapping[str, object]) -> Identity:
        self.check_time(claims)
        self.check_parties(claims)
        subject, expires = claims.get("sub"), claims.get("exp")
        if not (isinstance(subject, str) and subject and isinstance(expires, int)):
            raise Refused("the token has no subject")
        return Identity(subject, grants=frozenset(), expires=datetime.fromtimestamp(expires, UTC))

    def check_time(self, claims: Mapping[str, object]) -> None:
        now, begins, ends = time.time(), claims.get("nbf", 0), claims.get("exp")
        if not (isinstance(begins, int) and isinstance(ends, int) and begins <= now < ends < 2**40):
            raise Refused("the token has expired or is not valid yet")

    def check_parties(self, claims: Mapping[str, object]) -> None:
        if claims.get("iss") != self.options.issuer or claims.get("aud") != self.options.audience:
            raise Refused("the token is from or for another service")

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return 'Bearer realm="https://tokens.kit.example/",service="registry"'

    def user(self, name: str) -> Identity | None:
        return None

    def close(self) -> None:
        return None


def encoded(data: bytes) -> str:
    """Return base64 as tokens use it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(changes: Mapping[str, object], key: str = KEY) -> Presented:
    """Return a valid token with some claims replaced."""
    claims = {**CLAIMS, "exp": int(time.time()) + 300, **changes}
    text = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return bearer(f"{text}.{encoded(hmac.digest(key.encode(), text.encode(), hashlib.sha256))}")


def verifier_config() -> dict[str, object]:
    """Return the options of the verifier."""
    return {"key": KEY}
