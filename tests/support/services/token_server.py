"""A token server independent of entrepot: PyJWT and the standard library; GET only, like old token servers.

It implements Distribution's "Token Authentication Specification". Users are granted everything they request, other
clients nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from secrets import compare_digest, token_hex
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.services.network import HOST
from support.services.threaded import ThreadedServer

__all__ = ["Named", "SigningKey", "TokenServer"]

Named = Literal["kid", "x5c"]
"""How a token identifies its key: by its libtrust fingerprint, as most token servers do, or by its certificate."""

ISSUER = "tokens of the tests"
SECONDS = 120


class SigningKey:
    """An RSA key and a self-signed certificate. ``bundle`` is the file that a registry trusts."""

    def __init__(self, folder: Path) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, ISSUER)])
        now = datetime.now(UTC)
        public = self._key.public_key()
        # As created by `openssl req -x509`, which is how certificates of token servers are usually created.
        self._certificate = (
            x509.CertificateBuilder(name, name, public, x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = folder / "token-signing.crt"
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def sign(self, claims: Mapping[str, object], named: Named) -> str:
        """Sign a token. Its header identifies the key in one of the two ways."""
        header: dict[str, object] = {"kid": self._fingerprint()} if named == "kid" else {"x5c": [self._chain()]}
        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers=header)

    def _chain(self) -> str:
        return base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()

    def _fingerprint(self) -> str:
        """Computed as by libtrust: 240 bits of the key's sha256 in base32, in groups of four characters."""
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode()
        return ":".join(text[start : start + 4] for start in range(0, len(text), 4))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    content: Mapping[str, object]


class TokenServer(ThreadedServer, HTTPServer):
    """Serve https on a port of 127.0.0.1 while the context is open. ``options`` is a registry's ``auth.token``.

    ``tls`` is a certificate for ``name`` and its key; ``named`` is how tokens identify their key.
    """

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        *,
        name: str,
        service: str,
        tls: tuple[Path, Path],
        named: Named,
    ) -> None:
        super().__init__((HOST, 0), _Handler)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*tls)
        self._key = SigningKey(folder)
        self._users = users
        self._service = service
        self._named: Named = named
        self.options = {
            "realm": f"https://{name}:{self.server_address[1]}/token",
            "service": service,
            "issuer": ISSUER,
            "rootcertbundle": str(self._key.bundle),
        }

    def __enter__(self) -> Self:
        # The handler does the handshake, so that a slow client does not block others.
        self.socket = self._context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        return super().__enter__()

    def answer(self, query: Mapping[str, list[str]], authorization: str | None) -> _Answer:
        """Return the response to a token request."""
        user = self._user(authorization)
        if user is None:
            return _Answer(HTTPStatus.UNAUTHORIZED, {"details": "incorrect username or password"})
        if query.get("service") != [self._service]:
            return _Answer(HTTPStatus.BAD_REQUEST, {"details": "unknown service"})
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": self._service,
            "iat": now,
            "nbf": now - 10,
            "exp": now + SECONDS,
            "jti": token_hex(8),
            "access": list(_accesses(query.get("scope", []))) if user else [],
        }
        return _Answer(HTTPStatus.OK, {"token": self._key.sign(claims, self._named), "expires_in": SECONDS})

    def _user(self, authorization: str | None) -> str | None:
        """Return the user, "" for an anonymous client, or None for invalid credentials."""
        if authorization is None:
            return ""
        scheme, _, code = authorization.partition(" ")
        try:
            name, _, password = base64.b64decode(code).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        known = self._users.get(name)
        good = scheme == "Basic" and known is not None and compare_digest(known.encode(), password.encode())
        return name if good else None


def _accesses(scopes: Iterable[str]) -> Iterable[Mapping[str, object]]:
    for scope in " ".join(scopes).split():
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        yield {"type": kind, "name": name, "actions": actions.split(",")}


class _Handler(BaseHTTPRequestHandler):
    """Handle GET. There are no other endpoints."""

    server: TokenServer
    timeout = 10

    def do_GET(self) -> None:
        """Return a token."""
        target = urlsplit(self.path)
        if target.path != "/token":
            self._send(_Answer(HTTPStatus.NOT_FOUND, {}))
            return
        self._send(self.server.answer(parse_qs(target.query), self.headers["Authorization"]))

    def do_POST(self) -> None:
        """Return 404, so that clients retry with GET."""
        self._send(_Answer(HTTPStatus.NOT_FOUND, {}))

    def _send(self, answer: _Answer) -> None:
        body = json.dumps(answer.content).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the base class
        """Do not log."""
