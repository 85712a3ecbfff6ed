"""Contract tests of the authenticator: as a verifier of another server's tokens, and as an issuer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import jwt
import pytest

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Presented
from entrepot_contract.testing import AuthenticatorContract

from .conftest import Keys
from .foreign import ISSUER, SERVICE, bearer, claims, compact, jwk, jwks, openssl


class TestVerifying(AuthenticatorContract):
    authenticator_class = TokenAuthenticator

    @pytest.fixture
    def config(self, keys: Keys, tmp_path: Path) -> dict[str, object]:
        path = jwks(tmp_path / "keys.json", jwk(keys.ec, "ec"), jwk(keys.rsa, "rsa"))
        return {"realm": "https://tokens.example/token", "service": SERVICE, "issuer": ISSUER, "jwks": str(path)}

    @pytest.fixture
    def accepted(self, keys: Keys) -> Sequence[tuple[Presented, str]]:
        return [
            (bearer(jwt.encode(claims(), keys.ec, "ES256", {"kid": "ec"})), "jlhawn"),
            (bearer(jwt.encode(claims(sub="bob"), keys.rsa, "RS256", {"kid": "rsa"})), "bob"),
        ]

    @pytest.fixture
    def refused(self, keys: Keys) -> Sequence[Presented]:
        return [
            bearer(compact(keys.stranger, {"alg": "ES256", "kid": "ec"})),
            bearer(compact(keys.ec, {"alg": "ES256", "kid": "ec"}, claims(exp=1))),
        ]

    @pytest.fixture
    def sign(self, keys: Keys) -> Callable[[Mapping[str, object]], Presented]:
        return lambda changes: bearer(compact(keys.ec, {"alg": "ES256", "kid": "ec"}, {**claims(), **changes}))


class TestIssuing(AuthenticatorContract):
    authenticator_class = TokenAuthenticator

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, object]:
        key, _ = openssl(tmp_path, "key", "-algorithm", "ed25519")
        return {"service": SERVICE, "issuer": {"name": ISSUER, "key": str(key)}}

    @pytest.fixture
    def accepted(self) -> Sequence[tuple[Presented, str]]:
        return []

    @pytest.fixture
    def refused(self, keys: Keys) -> Sequence[Presented]:
        return [bearer(compact(keys.stranger, {"alg": "ES256", "kid": "ec"}))]
