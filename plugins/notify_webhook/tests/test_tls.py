"""Endpoints with TLS: verification of the server, and client certificates."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority
from support.services.receiver import Receiver

from entrepot_contract.events import Event
from entrepot_contract.notify import Undelivered
from entrepot_notify_webhook import WebhookSink

LONG = timedelta(seconds=30)
Opener = Callable[..., WebhookSink]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("theirs"), name="another authority")


def serve(authority: CertificateAuthority, name: str, clients: Path | None = None) -> Receiver:
    """Return an endpoint with a certificate for a name; ``clients`` is the CA of required client certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server(name))
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return Receiver(context)


@pytest.fixture
def open_sink() -> Iterator[Opener]:
    """A function that opens a sink, which is closed after the test."""
    opened = []

    def one(**options: object) -> WebhookSink:
        opened.append(WebhookSink.from_config(options))
        return opened[-1]

    yield one
    for sink in opened:
        sink.close()


def test_a_configured_private_ca_is_trusted(ours: CertificateAuthority, open_sink: Opener) -> None:
    with serve(ours, "127.0.0.1") as receiver:
        open_sink(url=receiver.url, ca=str(ours.ca_path)).deliver([Event("push", "a")], LONG)
        assert len(receiver.taken) == 1


@pytest.mark.parametrize("trusted", ["the system's", "another's"])
def test_nothing_is_sent_to_an_untrusted_server(
    ours: CertificateAuthority, theirs: CertificateAuthority, open_sink: Opener, trusted: str
) -> None:
    options = {"ca": str(theirs.ca_path)} if trusted == "another's" else {}
    with serve(ours, "127.0.0.1") as receiver:
        with pytest.raises(Undelivered, match="certificate"):
            open_sink(url=receiver.url, **options).deliver([Event("push", "a")], LONG)
        assert not receiver.seen


def test_nothing_is_sent_to_a_server_with_a_certificate_for_another_name(
    ours: CertificateAuthority, open_sink: Opener
) -> None:
    with serve(ours, "elsewhere.example") as receiver:
        with pytest.raises(Undelivered, match="certificate"):
            open_sink(url=receiver.url, ca=str(ours.ca_path)).deliver([Event("push", "a")], LONG)
        assert not receiver.seen


def test_a_client_certificate_is_presented(ours: CertificateAuthority, open_sink: Opener) -> None:
    certificate, key = ours.client("entrepot")
    with serve(ours, "127.0.0.1", clients=ours.ca_path) as receiver:
        sink = open_sink(url=receiver.url, ca=str(ours.ca_path), certificate=str(certificate), key=str(key))
        sink.deliver([Event("push", "a")], LONG)
        assert len(receiver.taken) == 1


@pytest.mark.parametrize("presented", ["none", "another's"])
def test_a_missing_or_wrong_client_certificate_can_be_retried(
    ours: CertificateAuthority, theirs: CertificateAuthority, open_sink: Opener, presented: str
) -> None:
    options = {}
    if presented == "another's":
        certificate, key = theirs.client("entrepot")
        options = {"certificate": str(certificate), "key": str(key)}
    with serve(ours, "127.0.0.1", clients=ours.ca_path) as receiver:
        with pytest.raises(Undelivered):
            open_sink(url=receiver.url, ca=str(ours.ca_path), **options).deliver([Event("push", "a")], LONG)
        assert not receiver.seen
