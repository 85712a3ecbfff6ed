"""A certificate and its key, held as they were read: workers begin at any time, and files change at any time."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

from entrepot_contract.reloading import FreshFiles
from entrepot_contract.server import TlsSettings

__all__ = ["HeldPair", "fresh_pair"]


class HeldPair:
    """A certificate and its key in memory, under paths that this process and those forked from it can open."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self._descriptors = [_hold("certificate", certificate), _hold("key", key)]

    @property
    def paths(self) -> tuple[str, str]:
        """Where the certificate is, and where its key is."""
        certificate, key = (f"/proc/self/fd/{descriptor}" for descriptor in self._descriptors)
        return certificate, key

    def close(self) -> None:
        """Let go of both; what has read them is not concerned."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def fresh_pair(tls: TlsSettings) -> FreshFiles[HeldPair]:
    """The certificate and its key, read again when a file has changed, and checked before they are used.

    Raises OSError where a file cannot be used.
    """

    def parse(contents: Sequence[bytes]) -> HeldPair:
        held = HeldPair(contents[0], contents[1])
        try:
            # Without a password, OpenSSL would ask for one at the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*held.paths, password="")
        except ssl.SSLError as error:
            held.close()
            reason = f"{tls.certificate} and {tls.key} are no pair of a PEM certificate and its unencrypted key"
            raise ssl.SSLError(error.errno, f"{reason} ({error.reason})") from error
        return held

    return FreshFiles([tls.certificate, tls.key], parse)


def _hold(name: str, content: bytes) -> int:
    descriptor = os.memfd_create(name)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor
