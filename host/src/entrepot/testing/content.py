"""What a test wants to push and to find, through HTTP as a client does."""

from __future__ import annotations

import http.client
import json
from hashlib import sha256
from typing import Final

__all__ = ["Content"]

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


class Content:
    """A registry at an address; ``authorization`` is sent as that header where it is set."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.authorization: str | None = None

    def push_image(self, repository: str, tag: str, layers: tuple[bytes, ...] = (b"a layer",)) -> str:
        """Push an image of some layers under a tag; its digest.

        Raises RuntimeError where the registry refuses.
        """
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._push_blob(repository, config.encode(), _CONFIG),
            "layers": [self._push_blob(repository, layer, _LAYER) for layer in layers],
        }
        body = json.dumps(manifest).encode()
        self._ask("PUT", f"/v2/{repository}/manifests/{tag}", body, {"Content-Type": _MANIFEST})
        return _digest(body)

    def stored(self) -> dict[str, list[str]]:
        """Every repository with its tags.

        Raises RuntimeError where the registry refuses.
        """
        repositories = json.loads(self._ask("GET", "/v2/_catalog?n=1000"))["repositories"]
        return {name: json.loads(self._ask("GET", f"/v2/{name}/tags/list"))["tags"] or [] for name in repositories}

    def _push_blob(self, repository: str, body: bytes, media_type: str) -> dict[str, object]:
        digest = _digest(body)
        headers = {"Content-Type": "application/octet-stream"}
        self._ask("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", body, headers)
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        known = {} if self.authorization is None else {"Authorization": self.authorization}
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, known | (headers or {}))
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"the registry answered {method} {path} with {answer.status}: {said.decode()[:500]}")
        return said


def _digest(body: bytes) -> str:
    return f"sha256:{sha256(body).hexdigest()}"
