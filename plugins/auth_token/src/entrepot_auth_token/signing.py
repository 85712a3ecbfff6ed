"""The private keys that issued tokens are signed with."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from entrepot_auth_token.algorithms import Algorithms
from entrepot_auth_token.keys import MIN_RSA_BITS, Trusted, thumbprint
from entrepot_contract.toolkit.reloading import FreshFiles

__all__ = ["SigningKeys"]

_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.+?-----END \1PRIVATE KEY-----", re.DOTALL)
_EC_ALGORITHMS: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Keys:
    algorithm: str
    first: Key
    kid: str
    trusted: Trusted


class SigningKeys:
    """A PEM file of private keys, reloaded when it changes: the first signs, and all are trusted.

    Raises OSError or ValueError if it cannot be used; the message contains no part of a key.
    """

    def __init__(self, path: str, algorithms: Algorithms) -> None:
        self._path = path
        self._algorithms = algorithms
        self._fresh = FreshFiles([path], lambda contents: self._parse(contents[0]))

    def value(self) -> Trusted:
        """Return the trusted keys."""
        return self._fresh.value().trusted

    def refresh(self) -> bool:
        """Reload the file now if it has changed. Return whether the keys changed."""
        return self._fresh.refresh()

    def sign(self, claims: Mapping[str, object], *, kind: str) -> str:
        """Return a token with ``typ`` ``kind``, signed with the first key."""
        keys = self._fresh.value()
        header = {"typ": kind, "alg": keys.algorithm, "kid": keys.kid}
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return jws.serialize_compact(header, payload, keys.first, registry=self._algorithms)

    def _parse(self, content: bytes) -> _Keys:
        self._warn_if_open()
        pairs = [_key(number, block[0]) for number, block in enumerate(_BLOCK.finditer(content), 1)]
        if not pairs:
            raise ValueError("no private key in PEM format; create one with `openssl genpkey -algorithm ed25519`")
        for number, (_, algorithm) in enumerate(pairs, 1):
            if algorithm not in (self._algorithms.allowed or ()):
                raise ValueError(f"key {number} signs with {algorithm}, which is not one of signingalgorithms")
        key, algorithm = pairs[0]
        return _Keys(algorithm, key, thumbprint(key), Trusted.of((thumbprint(key), key) for key, _ in pairs))

    def _warn_if_open(self) -> None:
        if stat.S_IMODE(os.stat(self._path).st_mode) & 0o077:
            _log.warning("signing key is accessible by other users, chmod it to 0600: %s", self._path)


def _key(number: int, block: bytes) -> tuple[Key, str]:
    try:
        private = load_pem_private_key(block, None)
    except TypeError as error:
        raise ValueError(
            f"key {number} is encrypted; store it without a passphrase, readable only by its owner"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"key {number} is malformed, or of an unknown type") from error
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= MIN_RSA_BITS:
        return RSAKey.import_key(private), "RS256"
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _EC_ALGORITHMS:
        return ECKey.import_key(private), _EC_ALGORITHMS[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return OKPKey.import_key(private), "EdDSA"
    raise ValueError(f"key {number} is not EC P-256, P-384, P-521, Ed25519, or RSA with at least {MIN_RSA_BITS} bits")
