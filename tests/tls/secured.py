"""A server whose certificate from a private CA can change while it runs, and clients that trust the CA."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support.certificates import CertificateAuthority

from entrepot.plugins import load_server
from entrepot_contract.testing.server.messages import HOST, Answer, parse_answers, receive
from entrepot_contract.testing.server.running import Running

MIB = 2**20


class Secured:
    """The echo application with TLS on 127.0.0.1 while the context is open."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        tls: str = "tls1.2",
        users: bool = False,
        client_required: bool = True,
        broken: Callable[[Path], None] | None = None,
        **options: object,
    ) -> None:
        self._issued = folder / "issued"
        self._issued.mkdir()
        self.authority = CertificateAuthority(self._issued)
        self._run = folder / "run"
        self._run.mkdir()
        self.swap()
        if users:
            (self._run / "client-ca.pem").write_bytes(self.authority.ca_path.read_bytes())
        if broken is not None:
            broken(self._run)
        settings: dict[str, object] = {
            "certificate": str(self._run / "cert.pem"),
            "key": str(self._run / "key.pem"),
            "minimum": tls,
        }
        if users:
            settings |= {"client_cas": [str(self._run / "client-ca.pem")], "client_required": client_required}
        self.server = Running(load_server(name), self._run, {}, tls=settings, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    def swap(self, *, with_key: bool = True, curve: ec.EllipticCurve | None = None) -> int:
        """Replace the certificate, and its key if ``with_key``, as certbot does. Return the serial number.

        If a curve is given, the certificate is self-signed.
        """
        certificate, key = self.authority.server("127.0.0.1") if curve is None else self._sign_itself(curve)
        if with_key:
            key.replace(self._run / "key.pem")
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        certificate.replace(self._run / "cert.pem")
        return serial

    def _sign_itself(self, curve: ec.EllipticCurve) -> tuple[Path, Path]:
        key = ec.generate_private_key(curve)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        paths = self._issued / "own.crt", self._issued / "own.key"
        paths[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths

    def trust(self, user: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return an SSL context for a client, with a client certificate if a user is given."""
        context = ssl.create_default_context(cafile=str(self.authority.ca_path))
        if user is not None:
            context.load_cert_chain(*user)
        return context

    def connect(self, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Open a connection."""
        return (context or self.trust()).wrap_socket(self.server.connect(), server_hostname="127.0.0.1")

    def serial(self) -> int:
        """Return the serial number of the certificate on a new connection."""
        with self.connect() as connection:
            return x509.load_der_x509_certificate(connection.getpeercert(True) or b"").serial_number

    def try_serial(self) -> int | None:
        """Return the same, or None if the connection fails."""
        try:
            return self.serial()
        except OSError:
            return None

    def get(self, target: str, context: ssl.SSLContext | None = None, *fields: bytes) -> Answer:
        """Make a GET request on a new connection."""
        lines = [b"GET " + target.encode() + b" HTTP/1.1\r\n", HOST, *(field + b"\r\n" for field in fields)]
        with self.connect(context) as connection:
            connection.sendall(b"".join(lines) + b"Connection: close\r\n\r\n")
            return parse_answers(receive(connection), ["GET"])[0]
