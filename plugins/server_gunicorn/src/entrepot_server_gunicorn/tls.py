"""TLS contexts from PEM files, and identification of clients by certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Final

from entrepot_contract.server import ClientCertificate, TlsSettings
from entrepot_contract.toolkit.reloading import FreshFiles

__all__ = ["client_certificate", "fresh_context"]

_VERSIONS: Final = {"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}


def fresh_context(tls: TlsSettings) -> FreshFiles[ssl.SSLContext]:
    """Create a server context, and recreate it when one of its files changes.

    Raises OSError if a file cannot be used.
    """

    def parse(_contents: Sequence[bytes]) -> ssl.SSLContext:
        return _context(tls)

    return FreshFiles([tls.certificate, tls.key, *tls.client_cas], parse)


def _context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.minimum]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password argument, OpenSSL would prompt for one on the terminal.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError as error:
        reason = f"{tls.certificate} and {tls.key} are not a PEM certificate and its unencrypted key"
        raise ssl.SSLError(error.errno, f"{reason} ({error.reason})") from error
    for authority in tls.client_cas:
        try:
            context.load_verify_locations(authority)
        except ssl.SSLError as error:
            raise ssl.SSLError(error.errno, f"{authority} contains no PEM certificates ({error.reason})") from error
    if tls.client_cas:
        context.verify_mode = ssl.CERT_REQUIRED if tls.client_required else ssl.CERT_OPTIONAL
    return context


def client_certificate(connection: socket.socket) -> ClientCertificate | None:
    """Return the subject of the client's verified certificate, or None without one or without exactly one name."""
    found = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    if not found:
        return None
    # The type of getpeercert is wider than that of a subject, which is a tuple of names, each a tuple of pairs.
    subject = found.get("subject", ())
    parts = [(str(pair[0]), str(pair[1])) for names in subject for pair in names if isinstance(names, tuple)]
    names = [value for kind, value in parts if kind == "commonName"]
    if len(names) != 1 or not names[0]:
        return None
    return ClientCertificate(names[0], tuple(value for kind, value in parts if kind == "organizationalUnitName"))
