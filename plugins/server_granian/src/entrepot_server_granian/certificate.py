"""A certificate and its key, kept in memory because workers start and files change at any time."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

from entrepot_contract.server import TlsSettings
from entrepot_contract.toolkit.reloading import FreshFiles

__all__ = ["HeldPair", "fresh_pair"]


class HeldPair:
    """A certificate and its key in memory files, under paths that this process and its forks can open."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self._descriptors = [_memory_file("certificate", certificate), _memory_file("key", key)]

    @property
    def paths(self) -> tuple[str, str]:
        """Paths of the certificate and its key."""
        certificate, key = (f"/proc/self/fd/{descriptor}" for descriptor in self._descriptors)
        return certificate, key

    def close(self) -> None:
        """Close both files. Processes that have read them are not affected. Idempotent."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def fresh_pair(tls: TlsSettings) -> FreshFiles[HeldPair]:
    """Load the certificate and its key, and reload and check them when a file changes.

    Raises OSError if a file cannot be used.
    """

    def parse(contents: Sequence[bytes]) -> HeldPair:
        pair = HeldPair(contents[0], contents[1])
        try:
            # Without a password argument, OpenSSL would prompt for one on the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair.paths, password="")
        except ssl.SSLError as error:
            pair.close()
            reason = f"{tls.certificate} and {tls.key} are not a PEM certificate and its unencrypted key"
            raise ssl.SSLError(error.errno, f"{reason} ({error.reason})") from error
        return pair

    return FreshFiles([tls.certificate, tls.key], parse)


def _memory_file(name: str, content: bytes) -> int:
    descriptor = os.memfd_create(name)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor
