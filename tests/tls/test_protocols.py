"""Protocol versions: TLS, HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tls.secured import MIB, Secured

SERVERS = ["granian", "gunicorn"]


def encrypt(run: Path) -> None:
    """Encrypt the key with a password."""
    key = load_pem_private_key((run / "key.pem").read_bytes(), None)
    password = BestAvailableEncryption(b"swordfish")
    (run / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password))


@pytest.mark.parametrize("name", SERVERS)
def test_tls_1_1_is_never_accepted(name: str, tmp_path: Path) -> None:
    with Secured(name, tmp_path) as secured:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(secured.authority.ca_path)
        # Otherwise the client's OpenSSL would not offer such a low version.
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="deprecated"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            secured.connect(old).close()


@pytest.mark.parametrize(
    ("name", "wanted", "spoken"),
    [("granian", True, "HTTP/2"), ("granian", False, "HTTP/1.1"), ("gunicorn", True, "HTTP/1.1")],
)
def test_the_http_version_is_negotiated(name: str, wanted: bool, spoken: str, tmp_path: Path) -> None:
    with (
        Secured(name, tmp_path, http2=wanted) as secured,
        httpx.Client(verify=secured.trust(), http2=True) as client,
    ):
        answer = client.get(f"https://127.0.0.1:{secured.server.port}/echo")
        assert answer.http_version == spoken
        assert answer.json()["environ"]["SERVER_PROTOCOL"] == spoken


def test_large_bodies_are_transferred_in_both_directions_over_http2(tmp_path: Path) -> None:
    body = os.urandom(
        16 * MIB
    )  # many windows of flow control; four times as much would take a minute, because h2 is written in Python
    with (
        Secured("granian", tmp_path, http2=True) as secured,
        httpx.Client(verify=secured.trust(), http2=True, timeout=60) as client,
    ):
        url = f"https://127.0.0.1:{secured.server.port}"
        pushed = client.put(f"{url}/echo", content=body)
        assert pushed.http_version == "HTTP/2"
        assert pushed.json()["sha256"] == hashlib.sha256(body).hexdigest()
        assert len(client.get(f"{url}/stream?16").content) == 16 * MIB


@pytest.mark.parametrize("name", SERVERS)
def test_large_bodies_are_transferred_in_both_directions_over_http1(name: str, tmp_path: Path) -> None:
    body = os.urandom(64 * MIB)
    with Secured(name, tmp_path) as secured, httpx.Client(verify=secured.trust(), timeout=60) as client:
        url = f"https://127.0.0.1:{secured.server.port}"
        pushed = client.put(f"{url}/echo", content=iter([body[:MIB], body[MIB:]]))
        assert pushed.json()["sha256"] == hashlib.sha256(body).hexdigest()
        assert len(client.get(f"{url}/stream?64").content) == 64 * MIB


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda run: (run / "cert.pem").unlink(), r"FileNotFoundError: .*cert\.pem"),
        (
            lambda run: (run / "cert.pem").write_text("no PEM"),
            r"SSLError: .*cert\.pem and .*key\.pem are not a PEM certificate",
        ),
        (
            lambda run: (run / "key.pem").write_text("no PEM"),
            r"SSLError: .*cert\.pem and .*key\.pem are not a PEM certificate",
        ),
        (encrypt, r"SSLError: .*cert\.pem and .*key\.pem are not a PEM certificate and its unencrypted key"),
    ],
    ids=["no file", "no certificate", "no key", "an encrypted key"],
)
def test_unusable_files_prevent_the_start_and_are_named(
    name: str, broken: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=message):
        Secured(name, tmp_path, broken=broken)
