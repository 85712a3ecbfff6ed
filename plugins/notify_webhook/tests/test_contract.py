"""Contract tests of the webhook: Distribution's format over HTTP, and signed CloudEvents over TLS."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority
from support.services.receiver import Mood, Receiver

from entrepot_contract.testing import SinkContract
from entrepot_notify_webhook import WebhookSink

SECRETS = {
    "headers": {"Authorization": ["Bearer word-of-the-contract"], "X-Kit": "another-word-of-the-contract"},
    "secret": "whsec_d29yZCBvZiB0aGUgY29udHJhY3Q=",
}


def ids(receivers: Sequence[Receiver]) -> Sequence[str]:
    """Return the ids of the delivered events, in either format."""
    bodies = [json.loads(one.body) for receiver in receivers for one in list(receiver.taken)]
    batches = [body.get("events", [body]) if isinstance(body, dict) else body for body in bodies]
    return [event["id"] for batch in batches for event in batch]


class WebhookCase(SinkContract):
    sink_class = WebhookSink

    @pytest.fixture
    def tls(self) -> ssl.SSLContext | None:
        return None

    @pytest.fixture
    def place(self, tls: ssl.SSLContext | None) -> Iterator[Receiver]:
        with Receiver(tls) as receiver:
            yield receiver

    @pytest.fixture
    def gone(self, tls: ssl.SSLContext | None) -> Iterator[Receiver]:
        with Receiver(tls) as receiver:
            receiver.stop()
            yield receiver

    @pytest.fixture
    def bad(self, tls: ssl.SSLContext | None) -> Iterator[Callable[[Mood, int], str]]:
        """A function that starts a misbehaving receiver and returns its URL."""
        started: list[Receiver] = []

        def start(mood: Mood, status: int) -> str:
            started.append(Receiver(tls))
            started[-1].mood, started[-1].status, started[-1].headers = mood, status, {"Retry-After": "7"}
            return started[-1].url

        yield start
        for receiver in started:
            receiver.stop()

    @pytest.fixture
    def own(self) -> Mapping[str, object]:
        """The options in addition to the URL."""
        return SECRETS

    @pytest.fixture
    def config(self, place: Receiver, own: Mapping[str, object]) -> Mapping[str, object]:
        return {"url": place.url, **own}

    @pytest.fixture
    def received(self, place: Receiver, gone: Receiver) -> Callable[[], Sequence[str]]:
        return lambda: ids([place, gone])

    @pytest.fixture
    def unreachable(self, gone: Receiver, own: Mapping[str, object]) -> Mapping[str, object]:
        return {"url": gone.url, **own}

    @pytest.fixture
    def mend(self, gone: Receiver) -> Callable[[], None]:
        return gone.start

    @pytest.fixture
    def hanging(self, bad: Callable[[Mood, int], str], own: Mapping[str, object]) -> Mapping[str, object]:
        return {"url": bad("hangs", 0), **own}

    @pytest.fixture
    def failing(self, bad: Callable[[Mood, int], str], own: Mapping[str, object]) -> Mapping[str, object]:
        return {"url": bad("answers", 503), **own}

    @pytest.fixture
    def rejecting(self, bad: Callable[[Mood, int], str], own: Mapping[str, object]) -> Mapping[str, object]:
        return {"url": bad("answers", 410), **own}

    @pytest.fixture
    def at_url(self, own: Mapping[str, object]) -> Callable[[str], Mapping[str, object]]:
        return lambda url: {"url": url, **own}


class TestWebhook(WebhookCase):
    pass


@pytest.mark.reduced("delivering", "endpoint", "kinds", "lifecycle", "secrecy", "wire")
class TestCloudEventsOverTls(WebhookCase):
    @pytest.fixture
    def authority(self, tmp_path: Path) -> CertificateAuthority:
        return CertificateAuthority(tmp_path / "ca")

    @pytest.fixture
    def tls(self, authority: CertificateAuthority) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.server("127.0.0.1"))
        return context

    @pytest.fixture
    def own(self, authority: CertificateAuthority) -> Mapping[str, object]:
        return {**SECRETS, "format": "cloudevents", "ca": str(authority.ca_path)}
