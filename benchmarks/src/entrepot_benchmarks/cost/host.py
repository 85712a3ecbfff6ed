"""A host in this process, and a client for it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from falcon.testing import TestClient

from entrepot.http import create_app
from entrepot.registry import Registry
from entrepot.registry.manifest import OCI_MANIFEST
from entrepot.settings import HttpSettings, PurgeSettings, RegistrySettings
from entrepot_benchmarks.cost.content import Content
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import digest_of
from entrepot_contract import StorageDriver

__all__ = ["Host"]

# Without the upload purge thread, which would send requests to the backend at any time.
_REGISTRY: Final = RegistrySettings(delete_enabled=True, purge=PurgeSettings(enabled=False))
_OCTETS: Final = {"Content-Type": "application/octet-stream"}


class Host:
    """A newly started host with default settings, without redirects.

    Every method performs one client operation in the same way as Docker Engine, and raises BenchmarkError if a response
    is not the expected one.
    """

    def __init__(self, driver: StorageDriver) -> None:
        registry = Registry(driver, _REGISTRY, None)
        http = HttpSettings(secret=secrets.token_bytes(32), redirect=False, access_log=False)
        self._client = TestClient(create_app(registry, http))

    def push_blob(self, repository: str, data: bytes) -> str:
        """Push a blob with POST, PATCH (whole body) and PUT. Return its digest."""
        digest = digest_of(data)
        started = self._request("POST", f"/v2/{repository}/blobs/uploads/", 202)[0]
        patched = self._request("PATCH", _path(started), 202, body=data, headers=_OCTETS)[0]
        self._request("PUT", f"{_path(patched)}&digest={digest}", 201)
        return digest

    def get_blob(self, repository: str, digest: str) -> None:
        """GET a blob and verify its digest."""
        self._check(digest, self._request("GET", f"/v2/{repository}/blobs/{digest}", 200)[1])

    def head_blob(self, repository: str, digest: str) -> None:
        """HEAD an existing blob."""
        self._request("HEAD", f"/v2/{repository}/blobs/{digest}", 200)

    def push_manifest(self, repository: str, tag: str, manifest: bytes) -> None:
        """PUT a manifest by tag."""
        headers = {"Content-Type": OCI_MANIFEST}
        self._request("PUT", f"/v2/{repository}/manifests/{tag}", 201, body=manifest, headers=headers)

    def get_manifest(self, repository: str, reference: str) -> bytes:
        """GET a manifest."""
        return self._request("GET", f"/v2/{repository}/manifests/{reference}", 200, headers={"Accept": OCI_MANIFEST})[1]

    def get(self, path: str) -> None:
        """GET a listing."""
        self._request("GET", path, 200)

    def push_image(self, repository: str, tag: str, image: Content) -> None:
        """Push each blob after a HEAD that returns 404, and then the manifest."""
        for digest, data in image.blobs.items():
            self._request("HEAD", f"/v2/{repository}/blobs/{digest}", 404)
            self.push_blob(repository, data)
        self.push_manifest(repository, tag, image.manifest)

    def pull_image(self, repository: str, tag: str, image: Content) -> None:
        """HEAD the manifest by tag, GET it by digest, and GET each blob."""
        accept = {"Accept": OCI_MANIFEST}
        self._request("HEAD", f"/v2/{repository}/manifests/{tag}", 200, headers=accept)
        digest = digest_of(image.manifest)
        self._check(digest, self.get_manifest(repository, digest))
        for blob in image.blobs:
            self.get_blob(repository, blob)

    def _request(
        self, method: str, path: str, expect: int, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[str, bytes]:
        """Send a request. Return the Location and the body of the response."""
        answer = self._client.simulate_request(method, path, body=body, headers=dict(headers or {}))
        if answer.status_code != expect:
            body_start = answer.content[:300]
            raise BenchmarkError(
                f"{method} {urlsplit(path).path} answered {answer.status_code}, not {expect}: {body_start!r}"
            )
        return answer.headers.get("location") or "", answer.content

    def _check(self, digest: str, data: bytes) -> None:
        if digest_of(data) != digest:
            raise BenchmarkError(f"the host returned content that does not match {digest}: the backend corrupted it")


def _path(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
