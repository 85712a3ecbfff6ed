"""A host in this process, and the client that asks it."""

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

# The thread that purges uploads would ask the backend at times of its own.
_REGISTRY: Final = RegistrySettings(delete_enabled=True, purge=PurgeSettings(enabled=False))
_OCTETS: Final = {"Content-Type": "application/octet-stream"}


class Host:
    """The application as a host with default settings serves it, just started, without redirects.

    Every method does one operation of a client as Docker's engine does it, and raises BenchmarkError where an answer
    is not the expected one.
    """

    def __init__(self, driver: StorageDriver) -> None:
        registry = Registry(driver, _REGISTRY, None)
        http = HttpSettings(secret=secrets.token_bytes(32), redirect=False, access_log=False)
        self._client = TestClient(create_app(registry, http))

    def push_blob(self, repository: str, data: bytes) -> str:
        """POST, PATCH with the whole body, PUT; the blob's digest."""
        digest = digest_of(data)
        started = self._ask("POST", f"/v2/{repository}/blobs/uploads/", 202)[0]
        patched = self._ask("PATCH", _path(started), 202, body=data, headers=_OCTETS)[0]
        self._ask("PUT", f"{_path(patched)}&digest={digest}", 201)
        return digest

    def get_blob(self, repository: str, digest: str) -> None:
        """GET of a blob, whose bytes are checked."""
        self._check(digest, self._ask("GET", f"/v2/{repository}/blobs/{digest}", 200)[1])

    def head_blob(self, repository: str, digest: str) -> None:
        """HEAD of a blob that is there."""
        self._ask("HEAD", f"/v2/{repository}/blobs/{digest}", 200)

    def push_manifest(self, repository: str, tag: str, manifest: bytes) -> None:
        """PUT of a manifest by its tag."""
        headers = {"Content-Type": OCI_MANIFEST}
        self._ask("PUT", f"/v2/{repository}/manifests/{tag}", 201, body=manifest, headers=headers)

    def get_manifest(self, repository: str, reference: str) -> bytes:
        """GET of a manifest."""
        return self._ask("GET", f"/v2/{repository}/manifests/{reference}", 200, headers={"Accept": OCI_MANIFEST})[1]

    def get(self, path: str) -> None:
        """GET of a list."""
        self._ask("GET", path, 200)

    def push_image(self, repository: str, tag: str, image: Content) -> None:
        """Each blob, after a HEAD that does not find it, and then the manifest."""
        for digest, data in image.blobs.items():
            self._ask("HEAD", f"/v2/{repository}/blobs/{digest}", 404)
            self.push_blob(repository, data)
        self.push_manifest(repository, tag, image.manifest)

    def pull_image(self, repository: str, tag: str, image: Content) -> None:
        """HEAD of the manifest by its tag, GET of it by its digest, and GET of each blob."""
        accept = {"Accept": OCI_MANIFEST}
        self._ask("HEAD", f"/v2/{repository}/manifests/{tag}", 200, headers=accept)
        digest = digest_of(image.manifest)
        self._check(digest, self.get_manifest(repository, digest))
        for blob in image.blobs:
            self.get_blob(repository, blob)

    def _ask(
        self, method: str, path: str, expect: int, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[str, bytes]:
        """The Location and the body of an answer."""
        answer = self._client.simulate_request(method, path, body=body, headers=dict(headers or {}))
        if answer.status_code != expect:
            said = answer.content[:300]
            raise BenchmarkError(
                f"{method} {urlsplit(path).path} answered {answer.status_code}, not {expect}: {said!r}"
            )
        return answer.headers.get("location") or "", answer.content

    def _check(self, digest: str, data: bytes) -> None:
        if digest_of(data) != digest:
            raise BenchmarkError(f"the host answered other bytes than {digest}: the backend has damaged them")


def _path(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
