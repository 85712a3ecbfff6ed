"""Key sets fetched from a real https server with a private CA."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
from support.certificates import CertificateAuthority

from entrepot_auth_token import TokenAuthenticator
from entrepot_auth_token.fetching import MAX_SIZE, PAUSE
from entrepot_contract.auth import Refused

from .conftest import Keys, Opener
from .foreign import bearer, claims, jwk


class Server:
    """Answers every GET with the response set by a test, and counts the requests."""

    def __init__(self, folder: Path) -> None:
        authority = CertificateAuthority(folder)
        self.ca_path = authority.ca_path
        self.status, self.body, self.headers, self.requests = 200, b"", dict[str, str](), 0
        self.hold = threading.Event()
        self.hold.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                outer.hold.wait(20)
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.server("127.0.0.1"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def publish(self, keys: Keys, *kids: str) -> None:
        self.body = json.dumps({"keys": [jwk(keys.of(kid), kid) for kid in kids]}).encode()

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Clock:
    now = 1000.0


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "ca")
    yield running
    running.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trusting(open_one: Opener, server: Server, clock: Clock) -> TokenAuthenticator:
    found = open_one(jwks=server.url, jwkscacert=str(server.ca_path), jwksrefresh="1m")
    fetched = found._fetched
    assert fetched is not None
    fetched._clock = found._ring._clock = lambda: clock.now
    fetched._due = fetched._next = found._ring._refreshed = 0.0
    return found


def token(keys: Keys, kid: str) -> str:
    return jwt.encode(claims(), keys.of(kid), {"ec": "ES256", "ed": "EdDSA", "secret": "HS256"}[kid], {"kid": kid})


def accepted(trusting: TokenAuthenticator, keys: Keys, kid: str) -> bool:
    try:
        return trusting.authenticate(bearer(token(keys, kid))) is not None
    except Refused:
        return False


def test_keys_are_fetched_on_first_use_and_cached(
    trusting: TokenAuthenticator, server: Server, keys: Keys, clock: Clock
) -> None:
    server.publish(keys, "ec")
    assert server.requests == 0
    assert all(accepted(trusting, keys, "ec") for _ in range(5))
    assert server.requests == 1
    clock.now += 61
    assert accepted(trusting, keys, "ec")
    assert server.requests == 2


def test_an_unknown_kid_triggers_a_rate_limited_fetch(
    trusting: TokenAuthenticator, server: Server, keys: Keys, clock: Clock
) -> None:
    server.publish(keys, "ec")
    assert accepted(trusting, keys, "ec")
    server.publish(keys, "ed")
    assert not any(accepted(trusting, keys, "ed") for _ in range(5))
    assert server.requests == 1
    clock.now += PAUSE
    assert accepted(trusting, keys, "ed")
    assert server.requests == 2
    assert not accepted(trusting, keys, "ec"), "it was removed from the set"


def test_an_outage_keeps_the_previous_keys_and_is_logged(
    trusting: TokenAuthenticator, server: Server, keys: Keys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server.publish(keys, "ec")
    assert accepted(trusting, keys, "ec")
    server.status = 503
    clock.now += 61
    with caplog.at_level(logging.ERROR):
        assert accepted(trusting, keys, "ec")
    assert "previous keys stay in use" in caplog.text
    assert "unexpected status 503" in caplog.text
    assert accepted(trusting, keys, "ec")
    assert server.requests == 2, "keys are not fetched for every request"
    server.status = 200
    server.publish(keys, "ed")
    clock.now += PAUSE
    assert accepted(trusting, keys, "ed")


def test_without_any_keys_every_token_is_refused(
    trusting: TokenAuthenticator, server: Server, keys: Keys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server.status = 500
    for _ in range(3):
        with pytest.raises(Refused, match="could be fetched yet"):
            trusting.authenticate(bearer(token(keys, "ec")))
    assert server.requests == 1
    assert "no keys available" in caplog.text
    server.status = 200
    server.publish(keys, "ec")
    clock.now += PAUSE
    assert accepted(trusting, keys, "ec")


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason"),
    [
        (200, b" " * (MAX_SIZE + 1), {}, "larger than 1048576 bytes"),
        (200, b"<html>", {}, "not a JSON object"),
        (302, b"", {"Location": "https://127.0.0.1:1/keys"}, "unexpected status 302"),
        (204, b"", {}, "unexpected status 204"),
    ],
)
def test_a_response_that_is_not_a_key_set_is_rejected(
    trusting: TokenAuthenticator,
    server: Server,
    keys: Keys,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
    headers: dict[str, str],
    reason: str,
) -> None:
    server.status, server.body, server.headers = status, body, headers
    assert not accepted(trusting, keys, "ec")
    assert reason in caplog.text


def test_a_secret_in_a_fetched_key_set_is_ignored(trusting: TokenAuthenticator, server: Server, keys: Keys) -> None:
    server.publish(keys, "ec", "secret")
    assert accepted(trusting, keys, "ec")
    assert not accepted(trusting, keys, "secret")


def test_a_server_with_an_untrusted_certificate_is_rejected(
    open_one: Opener, server: Server, keys: Keys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.publish(keys, "ec")
    other = CertificateAuthority(tmp_path / "other")
    for options in ({"jwkscacert": str(other.ca_path)}, {}):
        assert not accepted(open_one(jwks=server.url, **options), keys, "ec")
    assert caplog.text.lower().count("certificate verify failed") == 2
    assert server.requests == 0


def test_other_threads_do_not_wait_for_a_fetch_while_there_are_keys(
    trusting: TokenAuthenticator, server: Server, keys: Keys, clock: Clock
) -> None:
    server.publish(keys, "ec")
    assert accepted(trusting, keys, "ec")
    server.hold.clear()
    clock.now += 61
    slow = threading.Thread(target=accepted, args=(trusting, keys, "ec"))
    slow.start()
    while server.requests < 2:
        assert slow.is_alive()
    assert accepted(trusting, keys, "ec")
    assert slow.is_alive(), "the fetching thread still waits for the server"
    server.hold.set()
    slow.join()
    assert server.requests == 2
