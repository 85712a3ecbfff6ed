"""The complete registry with TLS: users with client certificates, and pushes during a change of the certificate."""

from __future__ import annotations

import hashlib
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from support.certificates import CertificateAuthority
from support.services.entrepot import entrepot
from support.services.process import ServiceError
from support.services.programs import need
from support.services.registry import Registry, write_config
from tls.secured import MIB

RULES = [
    {"who": "anonymous", "repository": "public/**", "actions": ["pull"]},
    {"who": "user:alice", "repository": "team/**", "actions": ["pull", "push"]},
    {"who": "group:admins", "repository": "**", "actions": ["pull", "push", "delete"]},
]


class Host:
    """A registry with TLS, and clients that trust it."""

    def __init__(self, folder: Path, server: str, *, clients: str | None = None) -> None:
        (folder / "issued").mkdir()
        self._folder = folder
        self.authority = CertificateAuthority(folder / "issued")
        self.swap()
        tls: dict[str, object] = {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem")}
        if clients is not None:
            tls |= {"clientcas": [str(self.authority.ca_path)], "clientauth": clients}
        rules = RULES if clients is not None else None
        config = write_config(folder / "config.yml", folder / "data", http={"tls": tls, "workers": 2}, access=rules)
        self.registry: Registry = entrepot(config, folder / "host", server=server, ca=self.authority.ca_path)

    def swap(self) -> int:
        """Replace the certificate and return its serial number."""
        certificate, key = self.authority.server("127.0.0.1")
        key.replace(self._folder / "key.pem")
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        certificate.replace(self._folder / "cert.pem")
        return serial

    @contextmanager
    def client(
        self, user: str | None = None, units: tuple[str, ...] = (), *, http2: bool = False
    ) -> Iterator[httpx.Client]:
        """Return a client that trusts the registry, with a client certificate if a user is given."""
        context = ssl.create_default_context(cafile=self.authority.ca_path)
        if user is not None:
            context.load_cert_chain(*self.authority.client(user, units))
        with httpx.Client(base_url=f"https://{self.registry.address}", verify=context, timeout=30) as client:
            yield client


def push(client: httpx.Client, name: str, content: bytes) -> httpx.Response:
    """Push a blob in two requests. Return the first response that is not a success."""
    begun = client.post(f"/v2/{name}/blobs/uploads/")
    if begun.status_code != 202:
        return begun
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return client.put(httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": digest}), content=content)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(tmp_path_factory.mktemp("host"), "gunicorn", clients="verify-client-cert-if-given")
    host.registry.start()
    yield host
    host.registry.stop()


@pytest.mark.parametrize(
    ("user", "units", "repository", "status"),
    [
        ("alice", (), "team/app", 201),
        ("alice", (), "other/app", 403),
        ("bob", (), "team/app", 403),
        ("bob", ("developers", "admins"), "team/app", 201),
        ("admins", (), "team/app", 403),
        # A client cannot log in with a header, so the status is not 401.
        (None, (), "team/app", 403),
    ],
)
def test_a_client_certificate_grants_what_the_rules_allow(
    host: Host, user: str | None, units: tuple[str, ...], repository: str, status: int
) -> None:
    with host.client(user, units) as client:
        assert push(client, repository, b"content").status_code == status


def test_a_client_with_a_certificate_needs_no_other_credentials(host: Host) -> None:
    with host.client("alice") as client:
        assert client.get("/v2/").status_code == 200


def test_a_denied_request_of_a_user_contains_the_error_code(host: Host) -> None:
    with host.client("bob") as client:
        assert push(client, "team/app", b"").json()["errors"][0]["code"] == "DENIED"


@pytest.mark.parametrize("name", ["granian", "waitress"])
def test_a_server_without_client_certificates_does_not_start(name: str, tmp_path: Path) -> None:
    host = Host(tmp_path, name, clients="require-and-verify-client-cert")
    with pytest.raises(ServiceError, match="pip install entrepot-server-gunicorn"):
        host.registry.start()


@pytest.mark.parametrize(("name", "version"), [("granian", "2"), ("granian", "1.1"), ("gunicorn", "1.1")])
def test_a_push_continues_while_the_certificate_changes(
    name: str, version: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    need(request, "curl")
    host = Host(tmp_path, name)
    host.registry.start()
    layer = tmp_path / "layer"
    content = os.urandom(8 * MIB)
    layer.write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    try:
        with host.client() as client:
            begun = client.post("/v2/app/blobs/uploads/")
            target = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": digest})
        # Longer than the ten seconds that old workers keep idle connections.
        command = ["curl", "-sS", f"--http{version}", "--limit-rate", "600K", "--cacert", str(host.authority.ca_path)]
        report = ["-o", "/dev/null", "-w", "%{http_version} %{response_code}", "-T", str(layer), str(target)]
        with subprocess.Popen([*command, *report], stdout=subprocess.PIPE, text=True) as curl:
            for _ in range(2):
                time.sleep(1)
                serial = host.swap()
            output, _ = curl.communicate(timeout=60)
        assert output == f"{version} 201"
        with host.client() as client, client.stream("GET", f"/v2/app/blobs/{digest}") as pulled:
            shown = pulled.extensions["network_stream"].get_extra_info("ssl_object").getpeercert(True)
            assert x509.load_der_x509_certificate(shown).serial_number == serial
            assert pulled.read() == content
    finally:
        host.registry.stop()
