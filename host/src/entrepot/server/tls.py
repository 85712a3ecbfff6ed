"""Checks of the files of ``http.tls`` before a server reads them, so that errors name the configuration keys."""

from __future__ import annotations

import ssl

from entrepot.plugins import PluginError
from entrepot_contract.server import TlsSettings

__all__ = ["check_tls"]


def check_tls(tls: TlsSettings) -> None:
    """Read the certificate with its key, and the client CAs.

    Raises PluginError with the key and the file.
    """
    files = [("certificate", tls.certificate), ("key", tls.key), *(("clientcas", path) for path in tls.client_cas)]
    for key, path in files:
        try:
            with open(path, "rb") as file:
                file.read(1)
        except OSError as error:
            raise PluginError(f"http.tls.{key} {path} cannot be read: {error.strerror}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password, OpenSSL would prompt for one on the terminal.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError as error:
        raise PluginError(
            f"http.tls.certificate {tls.certificate} and http.tls.key {tls.key} are not a PEM certificate with "
            f"its unencrypted key ({error.reason or 'not PEM'})"
        ) from error
    for path in tls.client_cas:
        try:
            context.load_verify_locations(path)
        except ssl.SSLError as error:
            raise PluginError(f"http.tls.clientcas {path} contains no PEM certificates ({error.reason})") from error
