"""entrepot replaces registry:2 in a compose file or a chart: its configuration, its variables, its clients."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest
from click.testing import CliRunner
from support.certificates import CertificateAuthority
from support.client import Client, ClientError
from support.containers import Skopeo
from support.images import OciLayout, package, random_files
from support.services.entrepot import entrepot
from support.services.network import HOST

from entrepot.cli import main

IMAGE = """
version: 0.1
log: {fields: {service: registry}}
storage: {cache: {blobdescriptor: inmemory}, filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ':5000', headers: {X-Content-Type-Options: [nosniff]}}
health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}
"""
"""The configuration in the image registry:2, which environment variables modify."""

CHART = """
version: 0.1
log: {fields: {service: registry}}
storage: {cache: {blobdescriptor: inmemory}}
http:
  addr: :5000
  headers: {X-Content-Type-Options: [nosniff], Access-Control-Allow-Credentials: [true]}
  debug: {addr: ':5001', prometheus: {enabled: false, path: /metrics}}
health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}
"""
"""A configuration as in charts, with the storage configured only in variables."""

COMMON = {
    "REGISTRY_HTTP_SECRET": "0123",
    "REGISTRY_LOG_LEVEL": "info",
    "REGISTRY_STORAGE_DELETE_ENABLED": "true",
    "REGISTRY_USER_NAME": "of a script around it",
}
FILES = {"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": "data"}
S3 = {
    "REGISTRY_STORAGE_S3_ACCESSKEY": "12345678",
    "REGISTRY_STORAGE_S3_SECRETKEY": "1e5",
    "REGISTRY_STORAGE_S3_REGION": "us-east-1",
    "REGISTRY_STORAGE_S3_REGIONENDPOINT": "http://127.0.0.1:9",
    "REGISTRY_STORAGE_S3_BUCKET": "images",
    "REGISTRY_STORAGE_S3_ROOTDIRECTORY": "",
    "REGISTRY_STORAGE_S3_ENCRYPT": "false",
    "REGISTRY_STORAGE_S3_SECURE": "true",
    "REGISTRY_STORAGE_S3_V4AUTH": "true",
    "REGISTRY_STORAGE_S3_FORCEPATHSTYLE": "true",
    "REGISTRY_STORAGE_S3_SKIPVERIFY": "true",
}
HTPASSWD = {
    "REGISTRY_AUTH": "htpasswd",
    "REGISTRY_AUTH_HTPASSWD_REALM": "Registry Realm",
    "REGISTRY_AUTH_HTPASSWD_PATH": "htpasswd",
}


@pytest.mark.parametrize(
    ("config", "environ"),
    [
        (IMAGE, FILES | HTPASSWD),
        (IMAGE, {"REGISTRY_AUTH": "{htpasswd: {realm: localhost, path: htpasswd}}"}),
        (IMAGE, {"REGISTRY_AUTH": "none"}),
        (IMAGE, {"REGISTRY_STORAGE": "s3", **S3}),
        (CHART, FILES | HTPASSWD),
        (CHART, {**S3, "REGISTRY_STORAGE_REDIRECT_DISABLE": "true"}),
        (
            CHART,
            {
                "REGISTRY_STORAGE_AZURE_ACCOUNTNAME": "a",
                "REGISTRY_STORAGE_AZURE_ACCOUNTKEY": "YWJj",
                "REGISTRY_STORAGE_AZURE_CONTAINER": "images",
                "REGISTRY_STORAGE_AZURE_MAX_RETRIES": "2",
            },
        ),
        (
            IMAGE,
            {
                "REGISTRY_HTTP_HEADERS_Access-Control-Allow-Origin": "['*']",
                "REGISTRY_HTTP_HEADERS_Access-Control-Allow-Credentials": "[true]",
                "REGISTRY_HTTP_HEADERS_Access-Control-Allow-Methods": "[HEAD, GET, OPTIONS, DELETE]",
            },
        ),
        (
            IMAGE,
            {
                "REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING": "{enabled: true, age: 168h, interval: 24h}",
                "REGISTRY_STORAGE_MAINTENANCE_READONLY": "{enabled: false}",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_NAME": "a",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL": "http://127.0.0.1:9/",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_HEADERS_AUTHORIZATION": "[Bearer x]",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_TIMEOUT": "500ms",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_THRESHOLD": "5",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_BACKOFF": "1s",
            },
        ),
        (IMAGE, {"REGISTRY_PROXY_REMOTEURL": "", "REGISTRY_HEALTH_STORAGEDRIVER_ENABLED": "false"}),
        (
            IMAGE,
            {
                "REGISTRY_PORT": "tcp://10.0.0.1:5000",
                "REGISTRY_SERVICE_HOST": "10.0.0.1",
                "REGISTRY_SERVICE_PORT": "5000",
                "REGISTRY_PORT_5000_TCP_ADDR": "10.0.0.1",
            },
        ),
    ],
)
def test_a_configuration_of_registry_2_is_accepted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, config: str, environ: dict[str, str]
) -> None:
    monkeypatch.chdir(folder)
    _write_users()
    Path("config.yml").write_text(config)
    result = CliRunner(env=COMMON | environ).invoke(main, ["config", "check", "--offline", "config.yml"])
    assert result.exit_code == 0, result.output


def test_clients_push_and_pull_with_the_environment_of_a_compose_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, skopeo: Skopeo
) -> None:
    monkeypatch.chdir(folder)
    _write_users()
    Path("config.yml").write_text(IMAGE)
    authority = CertificateAuthority(folder / "ca")
    certificate, key = authority.server(HOST)
    tls = {"REGISTRY_HTTP_TLS_CERTIFICATE": str(certificate), "REGISTRY_HTTP_TLS_KEY": str(key)}
    environ = {**COMMON, **FILES, **HTPASSWD, **tls, "REGISTRY_AUTH_HTPASSWD_PATH": str(folder / "htpasswd")}
    registry = entrepot(folder / "config.yml", folder, server="granian", env=environ, ca=authority.ca_path)
    layout = OciLayout(folder / "layout")
    image = layout.add("built", package(random_files(1, 5000, 50_000)))
    remote = f"docker://{registry.address}/team/app:1"
    trusted = f"cert-dir={authority.ca_path.parent}"
    client = Client("skopeo", "--insecure-policy", folder=folder / "client")
    registry.start()
    try:
        with pytest.raises(ClientError, match=r"authentication required|unauthorized"):
            client.run("copy", f"--dest-{trusted}", image, remote)
        client.run("login", f"--{trusted}", "--username=alice", "--password=of a compose file", registry.address)
        client.run("copy", f"--dest-{trusted}", image, remote)
        (folder / "back").mkdir()
        client.run("copy", f"--src-{trusted}", remote, f"dir:{folder}/back")
        client.run("delete", f"--{trusted}", remote)
    finally:
        registry.stop()
    assert (folder / "data" / "docker" / "registry" / "v2").is_dir()


def _write_users() -> None:
    Path("htpasswd").write_text(f"alice:{bcrypt.hashpw(b'of a compose file', bcrypt.gensalt(4)).decode()}\n")
