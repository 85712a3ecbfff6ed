"""Pushing and listing test content over HTTP, as a client does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

__all__ = ["Content"]

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


class Content:
    """A client for a registry; ``authorization`` is sent as the Authorization header if it is set."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.authorization: str | None = None

    def push_image(self, repository: str, tag: str, layers: tuple[bytes, ...] = (b"a layer",)) -> str:
        """Push an image with some layers under a tag; returns its digest.

        Raises RuntimeError if the registry returns an error.
        """
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._push_blob(repository, config.encode(), _CONFIG),
            "layers": [self._push_blob(repository, layer, _LAYER) for layer in layers],
        }
        body = json.dumps(manifest).encode()
        self._request("PUT", f"/v2/{repository}/manifests/{tag}", body, {"Content-Type": _MANIFEST})
        return _digest(body)

    def stored(self) -> dict[str, list[str]]:
        """Returns every repository with its tags.

        Raises RuntimeError if the registry returns an error.
        """
        repositories = json.loads(self._request("GET", "/v2/_catalog?n=1000"))["repositories"]
        return {name: json.loads(self._request("GET", f"/v2/{name}/tags/list"))["tags"] or [] for name in repositories}

    def _push_blob(self, repository: str, body: bytes, media_type: str) -> dict[str, object]:
        digest = _digest(body)
        headers = {"Content-Type": "application/octet-stream"}
        self._request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", body, headers)
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        known = {} if self.authorization is None else {"Authorization": self.authorization}
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, {**known, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise RuntimeError(f"{method} {path} returned {response.status}: {content.decode()[:500]}")
        return content


def _digest(body: bytes) -> str:
    return f"sha256:{sha256(body).hexdigest()}"
