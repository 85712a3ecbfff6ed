"""Trusted keys, and the names by which a token can refer to them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

__all__ = ["MIN_RSA_BITS", "PublicKey", "Trusted", "fingerprint", "key_of", "thumbprint"]

MIN_RSA_BITS: Final = 2048

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


@dataclass(frozen=True, slots=True, eq=False)
class Trusted:
    """A snapshot of the trusted keys and certificates.

    - ``by_kid``: keys by ``kid``; keys of different types may share one (RFC 7517, 4.5).
    - ``by_thumbprint``: every key once.
    - ``roots``: root certificates for ``x5c`` chains.
    """

    by_kid: Mapping[str, tuple[Key, ...]]
    by_thumbprint: Mapping[str, Key]
    roots: tuple[x509.Certificate, ...] = ()

    @classmethod
    def of(cls, named: Iterable[tuple[str, Key]], roots: Iterable[x509.Certificate] = ()) -> Trusted:
        """Create a snapshot from pairs of ``kid`` and key; a key may have several names."""
        by_kid: dict[str, tuple[Key, ...]] = {}
        by_thumbprint: dict[str, Key] = {}
        for kid, key in named:
            by_kid[kid] = (*by_kid.get(kid, ()), key)
            by_thumbprint.setdefault(thumbprint(key), key)
        return cls(by_kid, by_thumbprint, tuple(roots))

    @classmethod
    def union(cls, parts: Sequence[Trusted]) -> Trusted:
        """Combine several snapshots."""
        if len(parts) == 1:
            return parts[0]
        named = ((kid, key) for part in parts for kid, keys in part.by_kid.items() for key in keys)
        return cls.of(named, chain.from_iterable(part.roots for part in parts))

    @property
    def empty(self) -> bool:
        """Whether there are no keys and no root certificates."""
        return not self.by_kid and not self.roots


def key_of(public: object) -> Key | None:
    """Convert a public key of ``cryptography`` to a joserfc key, or return None if its type is not supported.

    Raises ValueError if an RSA key is too short.
    """
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < MIN_RSA_BITS:
            raise ValueError(f"an RSA key has {public.key_size} bits; at least {MIN_RSA_BITS} are required")
        return RSAKey.import_key(public)
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, _CURVES):
        return ECKey.import_key(public)
    return OKPKey.import_key(public) if isinstance(public, ed25519.Ed25519PublicKey) else None


def thumbprint(key: Key) -> str:
    """Return the RFC 7638 thumbprint of the public key in canonical form, independent of its original encoding."""
    if isinstance(key, OctKey):
        return key.thumbprint()
    if isinstance(key, RSAKey):
        return RSAKey.import_key(key.public_key).thumbprint()
    if isinstance(key, ECKey):
        return ECKey.import_key(key.public_key).thumbprint()
    return OKPKey.import_key(key.public_key).thumbprint()


def fingerprint(public: PublicKey) -> str:
    """Return the libtrust ``kid`` of a key, which token servers for Distribution 2 still use."""
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    text = base64.b32encode(digest[:30]).decode()
    return ":".join(text[start : start + 4] for start in range(0, len(text), 4))
