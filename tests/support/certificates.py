"""A certificate authority for tests, with certificates for servers and clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["CertificateAuthority"]


class CertificateAuthority:
    """A private CA. ``ca_path`` is its certificate, in a directory without other files, as clients require."""

    def __init__(self, folder: Path, *, name: str = "entrepot tests") -> None:
        self._folder = folder
        self._numbers = count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        public = self._key.public_key()
        builder = _dated(self._name, self._name, public)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs=True), critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.ca_path = folder / "trusted" / "ca.crt"
        self.ca_path.parent.mkdir(parents=True)
        self.ca_path.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server(self, name: str, *others: str) -> tuple[Path, Path]:
        """Issue a certificate for host names and IP addresses. Return the paths of the certificate and its key."""
        names = [_general(one) for one in (name, *others)]
        return self._issue(_subject(name), ExtendedKeyUsageOID.SERVER_AUTH, name, names)

    def client(self, common_name: str, units: Sequence[str] = ()) -> tuple[Path, Path]:
        """Issue a client certificate with organizational units. Return the paths of the certificate and its key."""
        return self._issue(_subject(common_name, units), ExtendedKeyUsageOID.CLIENT_AUTH, "client")

    def _issue(
        self, subject: x509.Name, purpose: x509.ObjectIdentifier, file: str, names: Sequence[x509.GeneralName] = ()
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _dated(subject, self._name, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        # A second certificate with the same name must not overwrite the files of the first.
        stem = f"{next(self._numbers)}-{file}"
        cert_path, key_path = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
        cert_path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key_path.chmod(0o600)
        return cert_path, key_path


def _subject(common_name: str, units: Sequence[str] = ()) -> x509.Name:
    unit = NameOID.ORGANIZATIONAL_UNIT_NAME
    return x509.Name(
        [*(x509.NameAttribute(unit, name) for name in units), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _dated(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
