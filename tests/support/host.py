"""One process of the host, as seen by a storage driver and a client: a registry and its application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from urllib.parse import quote, urlsplit

from falcon.testing import Result, TestClient

from entrepot.access import Gate, Limits
from entrepot.http import create_app
from entrepot.http.middleware import AccessLog
from entrepot.registry import Registry
from entrepot.settings import HttpSettings, PurgeSettings, RegistrySettings
from entrepot.storage import CheckedDriver
from entrepot_contract import StorageDriver
from entrepot_contract.events import Event
from entrepot_storage_memory import MemoryDriver
from support.content import Fields, digest_of, encoded

__all__ = ["HTTP", "QUIET", "Process", "keys_of", "memory", "path_of"]

# Nothing is held in records, so that small bodies are uploaded like large ones; test_uploads_held.py tests the rest.
QUIET = RegistrySettings(delete_enabled=True, upload_held=0, purge=PurgeSettings(enabled=False))
HTTP = HttpSettings(secret=b"the same on all hosts")


def memory() -> StorageDriver:
    return MemoryDriver.from_config({})


def keys_of(driver: StorageDriver) -> list[str]:
    return [item.key for item in driver.list_objects()]


def path_of(location: str) -> str:
    """Returns the path and query of a URL."""
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Process:
    """Several processes may share one driver, as hosts share one storage."""

    def __init__(
        self,
        driver: StorageDriver,
        settings: RegistrySettings = QUIET,
        http: HttpSettings = HTTP,
        publish: Callable[[Event], None] | None = None,
        access_log: AccessLog | None = None,
        gate: Gate | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.driver = driver
        checked = CheckedDriver(driver, sleep=lambda seconds: None)
        self.registry = Registry(checked, replace(settings, purge=replace(settings.purge, enabled=False)), publish)
        self.app = create_app(self.registry, http, access_log, gate, limits)
        self._client = TestClient(self.app)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | BytesIO = b"",
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> Result:
        """Send one request; ``length`` overrides Content-Length, and -1 sends a chunked body."""
        data = body if isinstance(body, bytes) else b""
        extras: dict[str, object] = {} if isinstance(body, bytes) else {"wsgi.input": body}
        sent = dict(headers or {})
        if length == -1:
            sent["Transfer-Encoding"] = "chunked"
            extras["CONTENT_LENGTH"] = ""
        elif length is not None:
            extras["CONTENT_LENGTH"] = str(length)
        return self._client.simulate_request(method, path, body=data, headers=sent, extras=extras)

    def push_blob(self, name: str, data: bytes, algorithm: str = "sha256") -> str:
        """Push a blob in one request; returns its digest."""
        digest = digest_of(data, algorithm)
        answer = self.request("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", data)
        assert answer.status_code == 201, answer.text
        return digest

    def put_manifest(self, name: str, reference: str, manifest: Fields | bytes, media_type: str = "") -> Result:
        content = manifest if isinstance(manifest, bytes) else encoded(manifest)
        headers = {"Content-Type": media_type} if media_type else {}
        return self.request("PUT", f"/v2/{name}/manifests/{reference}", content, headers)

    def push_manifest(self, name: str, reference: str, manifest: Fields | bytes) -> str:
        """Push a manifest; returns its digest."""
        answer = self.put_manifest(name, reference, manifest)
        assert answer.status_code == 201, answer.text
        digest = answer.headers["docker-content-digest"]
        assert digest is not None
        return digest

    def start(self, name: str, query: str = "") -> str:
        """Start an upload; returns the path and query of its Location."""
        answer = self.request("POST", f"/v2/{name}/blobs/uploads/{query}")
        assert answer.status_code == 202, answer.text
        return path_of(answer.headers["location"] or "")

    def patch(self, location: str, data: bytes) -> str:
        """Append a chunk; returns the next location."""
        answer = self.request("PATCH", location, data)
        assert answer.status_code == 202, answer.text
        return path_of(answer.headers["location"] or "")

    def finish(self, location: str, digest: str, data: bytes = b"") -> Result:
        return self.request("PUT", f"{location}&digest={quote(digest)}", data)

    def blob(self, name: str, digest: str) -> Result:
        return self.request("GET", f"/v2/{name}/blobs/{digest}")
