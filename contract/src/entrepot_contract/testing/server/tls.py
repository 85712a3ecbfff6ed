"""Tests of TLS, with certificates of the kit that are valid for ever."""

from __future__ import annotations

import shutil
import ssl
import time
from pathlib import Path
from typing import Final, Literal

import pytest

from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.server.base import ServerBase, Start
from entrepot_contract.testing.server.messages import CLOSE, Answer, parse_answers, receive, request
from entrepot_contract.testing.server.running import Running, eventually

__all__ = ["TlsContract"]

FILES: Final = Path(__file__).with_name("certificates")
REJECTED: Final = (OSError, IndexError)
"""A failed handshake, or with TLS 1.3 a connection that ends without a response."""

Pair = Literal["first", "second"]


def trust(*, with_certificate: bool = False) -> ssl.SSLContext:
    """Return the context of a client."""
    context = ssl.create_default_context(cafile=str(FILES / "authority.pem"))
    if with_certificate:
        context.load_cert_chain(FILES / "client.pem", FILES / "client-key.pem")
    return context


def connect(server: Running, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Open a connection."""
    return context.wrap_socket(server.connect(), server_hostname="127.0.0.1")


def get(server: Running, target: str, context: ssl.SSLContext) -> Answer:
    """Make a GET request on a new connection."""
    with connect(server, context) as connection:
        connection.sendall(request("GET", target) + CLOSE)
        return parse_answers(receive(connection), ["GET"])[0]


def use(pair: Pair, folder: Path) -> None:
    """Replace the certificate and its key by renaming, as programs do that renew certificates."""
    for source, target in ((f"{pair}-key.pem", "key.pem"), (f"{pair}.pem", "cert.pem")):
        shutil.copy(FILES / source, folder / "new.pem")
        (folder / "new.pem").replace(folder / target)


def serves(server: Running, pair: Pair) -> bool:
    """Return whether new connections get a certificate."""
    with connect(server, trust()) as connection:
        return ssl.DER_cert_to_PEM_cert(connection.getpeercert(True) or b"") == (FILES / f"{pair}.pem").read_text()


def tls(folder: Path, **settings: object) -> dict[str, object]:
    """Return settings of TLS with the first certificate, in a folder."""
    use("first", folder)
    return {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem"), **settings}


class TlsContract(ServerBase):
    """Tests of TLS and client certificates."""

    @sentence("TlsSettings", "the minimum protocol version, ``tls1.2`` or ``tls1.3``.")
    @needs("tls")
    @pytest.mark.parametrize(("minimum", "accepted"), [("tls1.2", True), ("tls1.3", False)])
    def test_the_minimum_version_of_tls_is_enforced(
        self, minimum: str, accepted: bool, start: Start, tmp_path: Path
    ) -> None:
        with start(tls=tls(tmp_path, minimum=minimum)) as server:
            old = trust()
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            try:
                answered = get(server, "/nothing", old).status == 204
            except REJECTED:
                answered = False
            assert answered is accepted
            assert get(server, "/nothing", trust()).status == 204

    @sentence("TlsSettings", "The certificate and its key are reloaded when they change; open connections are kept.")
    @needs("tls")
    def test_a_changed_certificate_is_used_and_open_connections_are_kept(self, start: Start, tmp_path: Path) -> None:
        with start(workers=2, tls=tls(tmp_path)) as server, connect(server, trust()) as uploading:
            assert serves(server, "first")
            uploading.sendall(request("POST", "/echo", b"Content-Length: 6") + CLOSE + b"abc")
            time.sleep(1.1)  # longer than the resolution of the times of files
            use("second", tmp_path)
            assert eventually(lambda: serves(server, "second")), server.log()
            uploading.sendall(b"def")
            assert parse_answers(receive(uploading), ["POST"])[0].json()["size"] == 6

    @sentence("serve", "or a PEM file cannot be used.")
    @needs("tls")
    @pytest.mark.parametrize("file", ["cert.pem", "key.pem"])
    def test_an_unusable_file_is_an_error_at_the_start(self, file: str, start: Start, tmp_path: Path) -> None:
        settings = tls(tmp_path)
        (tmp_path / file).write_text("not PEM")
        with pytest.raises(AssertionError, match=r"the server did not start(.|\n)*Error"):
            start(tls=settings)

    @sentence("TlsSettings", "``client_cas``: if not empty, a client's certificate must be signed by one of them.")
    @sentence("TlsSettings", "``client_required``: whether the handshake fails for a client without a certificate.")
    @needs("client_certificates")
    @pytest.mark.parametrize("required", [True, False])
    def test_a_client_is_identified_by_its_certificate(self, required: bool, start: Start, tmp_path: Path) -> None:
        authorities = [str(FILES / "authority.pem")]
        with start(tls=tls(tmp_path, client_cas=authorities, client_required=required)) as server:
            alice = {"common_name": "alice", "units": ["developers", "admins"]}
            assert get(server, "/whose", trust(with_certificate=True)).json() == alice
            if required:
                with pytest.raises(REJECTED):
                    get(server, "/whose", trust())
            else:
                assert get(server, "/whose", trust()).body == b"null"
