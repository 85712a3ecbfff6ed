"""Unique images, pushed and pulled with the same requests as Docker Engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection

__all__ = [
    "IMAGE_MANIFEST",
    "OCTETS",
    "Image",
    "digest_of",
    "image_of",
    "manifest_of",
    "push_blob",
    "push_image",
    "put_manifest",
    "with_digest",
]

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class Image:
    """Layers, a config that names them, and the manifest."""

    layers: Sequence[Payload]
    config: bytes
    manifest: bytes

    @property
    def config_digest(self) -> str:
        """The digest of the config."""
        return digest_of(self.config)

    @property
    def digests(self) -> list[str]:
        """The digests of all its content: layers, config, manifest."""
        return [*(layer.digest for layer in self.layers), self.config_digest, digest_of(self.manifest)]

    @property
    def size(self) -> int:
        """Total size in bytes."""
        return sum(layer.size for layer in self.layers) + len(self.config) + len(self.manifest)


def digest_of(data: bytes) -> str:
    """Return the sha256 digest of data."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def image_of(layers: Sequence[Payload]) -> Image:
    """Return an image with the given layers."""
    rootfs = {"type": "layers", "diff_ids": [layer.digest for layer in layers]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    return Image(layers, config, manifest_of(config, [(layer.digest, layer.size) for layer in layers]))


def manifest_of(config: bytes, layers: Iterable[tuple[str, int]]) -> bytes:
    """Return the manifest for a config and layers, given by digest and size in bytes."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": {"mediaType": IMAGE_CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest, "size": size} for digest, size in layers],
    }
    return json.dumps(manifest).encode()


def push_blob(connection: Connection, repository: str, digest: str, data: bytes) -> None:
    """Push a blob: HEAD (which must return 404), POST, PATCH, PUT."""
    connection.request("HEAD", f"/v2/{repository}/blobs/{digest}", expect=404)
    started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    patched = connection.request("PATCH", started.location, body=data, headers=OCTETS, expect=202)
    connection.request("PUT", with_digest(patched.location, digest), expect=201)


def push_image(connection: Connection, repository: str, tag: str, image: Image) -> None:
    """Push all blobs of an image with small layers, then the manifest by tag."""
    for layer in image.layers:
        push_blob(connection, repository, layer.digest, layer.content())
    push_blob(connection, repository, image.config_digest, image.config)
    put_manifest(connection, repository, tag, image)


def put_manifest(connection: Connection, repository: str, tag: str, image: Image) -> None:
    """Push only the manifest."""
    path = f"/v2/{repository}/manifests/{tag}"
    connection.request("PUT", path, body=image.manifest, headers={"Content-Type": IMAGE_MANIFEST}, expect=201)


def with_digest(location: str, digest: str) -> str:
    """Add the ``digest`` parameter to the URL of an upload, keeping its query."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"
