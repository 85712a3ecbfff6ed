"""Keys that are trusted, and under which names a token may mean them."""

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
    """Keys and certificates at one moment.

    - ``by_kid``: what a token's ``kid`` can mean; keys of several types may share one (RFC 7517, 4.5).
    - ``by_thumbprint``: every key once.
    - ``roots``: what a chain in ``x5c`` has to lead to.
    """

    by_kid: Mapping[str, tuple[Key, ...]]
    by_thumbprint: Mapping[str, Key]
    roots: tuple[x509.Certificate, ...] = ()

    @classmethod
    def of(cls, named: Iterable[tuple[str, Key]], roots: Iterable[x509.Certificate] = ()) -> Trusted:
        """What names stand for; one key may have several."""
        by_kid: dict[str, tuple[Key, ...]] = {}
        by_thumbprint: dict[str, Key] = {}
        for kid, key in named:
            by_kid[kid] = (*by_kid.get(kid, ()), key)
            by_thumbprint.setdefault(thumbprint(key), key)
        return cls(by_kid, by_thumbprint, tuple(roots))

    @classmethod
    def union(cls, parts: Sequence[Trusted]) -> Trusted:
        """All keys and certificates of several."""
        if len(parts) == 1:
            return parts[0]
        named = ((kid, key) for part in parts for kid, keys in part.by_kid.items() for key in keys)
        return cls.of(named, chain.from_iterable(part.roots for part in parts))

    @property
    def empty(self) -> bool:
        """Whether no token can be verified."""
        return not self.by_kid and not self.roots


def key_of(public: object) -> Key | None:
    """A key of cryptography as joserfc has it, or None where no algorithm of ours is for its type.

    Raises ValueError for an RSA key that is too short.
    """
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < MIN_RSA_BITS:
            raise ValueError(f"an RSA key has {public.key_size} bits, and needs {MIN_RSA_BITS}")
        return RSAKey.import_key(public)
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, _CURVES):
        return ECKey.import_key(public)
    return OKPKey.import_key(public) if isinstance(public, ed25519.Ed25519PublicKey) else None


def thumbprint(key: Key) -> str:
    """RFC 7638, of the public part in its one canonical form, however the key was written down."""
    if isinstance(key, OctKey):
        return key.thumbprint()
    if isinstance(key, RSAKey):
        return RSAKey.import_key(key.public_key).thumbprint()
    if isinstance(key, ECKey):
        return ECKey.import_key(key.public_key).thumbprint()
    return OKPKey.import_key(key.public_key).thumbprint()


def fingerprint(public: PublicKey) -> str:
    """The ``kid`` that libtrust gives a key; token servers of Distribution's second generation still use it."""
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    text = base64.b32encode(digest[:30]).decode()
    return ":".join(text[start : start + 4] for start in range(0, len(text), 4))
