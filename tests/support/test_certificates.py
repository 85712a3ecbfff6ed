"""Certificates of the test CA are trusted for their names, and only by clients that trust the CA."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from support.certificates import CertificateAuthority


def _shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Perform a handshake in memory and return the server's side."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return theirs


def _server(authority: CertificateAuthority, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server(name))
    return context


@pytest.mark.parametrize("name", ["registry.localhost", "127.0.0.1"])
def test_a_client_that_trusts_the_ca_accepts_servers_by_name(tmp_path: Path, name: str) -> None:
    authority = CertificateAuthority(tmp_path)
    trusting = ssl.create_default_context(cafile=authority.ca_path)

    assert _shake(_server(authority, name), trusting, name).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _shake(_server(authority, name), trusting, "other.localhost")


def test_a_client_that_trusts_another_ca_rejects_the_server(tmp_path: Path) -> None:
    server = _server(CertificateAuthority(tmp_path / "ours"), "localhost")
    other = ssl.create_default_context(cafile=CertificateAuthority(tmp_path / "other").ca_path)

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        _shake(server, other, "localhost")


def test_a_server_gets_the_common_name_and_units_of_a_client(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    server = _server(authority, "localhost")
    server.load_verify_locations(authority.ca_path)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=authority.ca_path)
    client.load_cert_chain(*authority.client("alice", units=("staff", "ops")))

    certificate = _shake(server, client, "localhost").getpeercert()

    assert certificate is not None
    assert certificate["subject"] == (
        (("organizationalUnitName", "staff"),),
        (("organizationalUnitName", "ops"),),
        (("commonName", "alice"),),
    )
