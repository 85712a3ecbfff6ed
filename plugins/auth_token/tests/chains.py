"""Certificates of a token server, and ``x5c`` chains."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

__all__ = ["Owner", "pem", "x5c"]

DAY = timedelta(days=1)


class Owner:
    """A subject name and its P-256 key."""

    def __init__(self, name: str) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())

    def certify(
        self, other: Owner, *, ca: bool | None = None, begins: timedelta = -DAY, ends: timedelta = DAY
    ) -> x509.Certificate:
        """Issue a certificate; ``ca`` is the value in the basic constraints, which are omitted if it is None."""
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self.name, other.name, other.key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now + begins).not_valid_after(now + ends)
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        return builder.sign(self.key, hashes.SHA256())


def x5c(*chain: x509.Certificate) -> list[str]:
    """Return the value of the ``x5c`` header (RFC 7515, 4.1.6)."""
    return [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]


def pem(*certificates: x509.Certificate) -> bytes:
    """Return a PEM bundle."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
