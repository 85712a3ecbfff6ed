"""Configurations with authentication, and the credentials for them."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import bcrypt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.target import Target

__all__ = ["User"]

SERVICE = "benchmark"
ACCESS = [{"who": "authenticated", "repository": "**", "actions": ["pull", "push"]}]


@dataclass(frozen=True, slots=True)
class User:
    """A user in a password file below ``folder``, with a random password."""

    folder: Path
    name: str
    basic: Mapping[str, str]

    @classmethod
    def new(cls, folder: Path) -> User:
        """Create the user and write the password file, with bcrypt's default cost."""
        name, password = "bench", secrets.token_urlsafe()
        line = f"{name}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()}\n"
        folder.mkdir(parents=True)
        (folder / "htpasswd").write_text(line)
        code = base64.b64encode(f"{name}:{password}".encode()).decode()
        return cls(folder, name, {"Authorization": f"Basic {code}"})

    def htpasswd(self) -> Mapping[str, object]:
        """Return the configuration for Basic authentication."""
        return {"auth": {"htpasswd": self._htpasswd()}, "access": ACCESS}

    def issuer(self) -> Mapping[str, object]:
        """Return the configuration for a registry that issues tokens with a long lifetime."""
        key = self.folder / "token.pem"
        key.touch(0o600)
        made = ec.generate_private_key(ec.SECP256R1())
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        issuer = {"name": "entrepot", "key": str(key), "expires": "24h"}
        return {
            "auth": {"token": {"service": SERVICE, "issuer": issuer}, "htpasswd": self._htpasswd()},
            "access": ACCESS,
        }

    def bearer(self, registry: Target, repository: str) -> Mapping[str, str]:
        """Get a token from a registry, for pulls from and pushes to a repository.

        Raises BenchmarkError if the response contains no token.
        """
        query = urlencode({"service": SERVICE, "scope": f"repository:{repository}:pull,push"})
        with registry.connect() as connection:
            answer = connection.request("GET", f"/auth/token?{query}", headers=self.basic, expect=200)
        token = json.loads(answer.body).get("token")
        if not isinstance(token, str):
            raise BenchmarkError("the token response of the registry contains no token")
        return {"Authorization": f"Bearer {token}"}

    def _htpasswd(self) -> Mapping[str, object]:
        return {"realm": "benchmark", "path": str(self.folder / "htpasswd")}
