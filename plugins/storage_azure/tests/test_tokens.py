"""The driver with a token of a managed identity, as on a virtual machine or app in Azure."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.storage.blob import generate_blob_sas
from support.services.azurite import ACCOUNT, PROGRAM, Azurite
from support.services.programs import need

from entrepot_contract import Denied
from entrepot_storage_azure import AzureDriver

# Azurite's certificate is self-signed, and `skipverify` accepts it with a warning.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


def token() -> str:
    """Return a token in the format of Microsoft Entra; Azurite does not verify the signature."""
    now = int(time.time())
    claims = {"aud": "https://storage.azure.com", "iss": f"https://sts.windows.net/{TENANT}/", "tid": TENANT}
    times = {"iat": now - 10, "nbf": now - 10, "exp": now + 3600, "oid": TENANT}
    parts = ({"alg": "none", "typ": "JWT"}, claims | times, "unsigned")
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


class IdentityEndpoint(BaseHTTPRequestHandler):
    """The endpoint of an app's managed identity (App Service, "REST endpoint reference")."""

    def do_GET(self) -> None:
        refused = self.headers["X-IDENTITY-HEADER"] != "of-the-tests-only"
        answer = {"access_token": token(), "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        body = b"{}" if refused else json.dumps(answer | {"resource": "https://storage.azure.com"}).encode()
        self.send_response(403 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Say nothing."""


@pytest.fixture(scope="module")
def azurite_with_tokens(request: pytest.FixtureRequest) -> Iterator[Azurite]:
    need(request, PROGRAM, "openssl")
    with Azurite(memory=True, tls=True) as azurite:
        yield azurite


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), IdentityEndpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "of-the-tests-only")
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def driver(azurite_with_tokens: Azurite, request: pytest.FixtureRequest, identity: None) -> Iterator[AzureDriver]:
    container = azurite_with_tokens.container(f"test-{abs(hash(request.node.name))}")
    given = {"accountname": ACCOUNT, "serviceurl": azurite_with_tokens.url, "container": container, "skipverify": True}
    driver = AzureDriver.from_config({**given, "credentials": {"type": "default_credentials"}, "readtimeout": 10})
    yield driver
    driver.close()


def test_a_managed_identity_is_sufficient(driver: AzureDriver) -> None:
    data = bytes(range(256)) * 50_000
    driver.put("a/put", b"content")
    info = driver.upload_commit(driver.upload_append(driver.upload_start("a/k"), [data]))
    assert driver.stat("a/k") == info
    with driver.read("a/k", offset=100) as reader:
        assert b"".join(reader) == data[100:]
    assert driver.move("a/put", "b/put").size == 7
    assert [item.key for item in driver.list_objects()] == ["a/k", "b/put"]
    driver.delete(["a/k", "b/put", "c"])
    assert list(driver.list_objects()) == []
    assert driver.health().ok


def test_urls_are_signed_with_a_user_delegation_key(driver: AzureDriver) -> None:
    # Azurite 3.35 rejects these URLs: it only supports the string-to-sign before service version 2026-04-06.
    asked = [driver.sign_url("a/k", "GET", timedelta(minutes=minutes)) for minutes in (1, 60)]
    queries = [parse_qs(urlsplit(url).query) for url in asked]
    for signed, seconds in zip(queries, (60, 3600), strict=True):
        assert (signed["sp"], signed["sr"], signed["spr"], signed["skoid"]) == (["r"], ["b"], ["https"], [TENANT])
        end = datetime.fromisoformat(signed["se"][0])
        assert abs((end - datetime.now(UTC)).total_seconds() - seconds) < 10
        assert datetime.fromisoformat(signed["ske"][0]) > end, "the key must be valid for longer than the URL"
    assert driver._account._delegation is not None
    signature = generate_blob_sas(
        ACCOUNT,
        driver._account.container.container_name,
        "a/k",
        user_delegation_key=driver._account._delegation[0],
        permission="r",
        expiry=queries[0]["se"][0],
        protocol="https",
    )
    assert asked[0].partition("?")[2] == signature, "it must be signed for the account, whatever the host name"
    assert queries[0]["ske"] == queries[1]["ske"], "the key must be reused"
    assert queries[0]["sig"] != queries[1]["sig"]


def test_an_identity_without_a_token_is_denied(driver: AzureDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "another")
    for operation in (lambda: driver.stat("a/k"), lambda: driver.read("a/k"), lambda: driver.put("a/k", b"x")):
        with pytest.raises(Denied, match="token"):
            operation()
    assert not driver.health().ok
