"""Images, each unlike any other, pushed and pulled request by request as Docker's engine does."""

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
        """Everything that a registry stores for it: layers, config, manifest."""
        return [*(layer.digest for layer in self.layers), self.config_digest, digest_of(self.manifest)]

    @property
    def size(self) -> int:
        """The bytes of all of it."""
        return sum(layer.size for layer in self.layers) + len(self.config) + len(self.manifest)


def digest_of(data: bytes) -> str:
    """The sha256 digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def image_of(layers: Sequence[Payload]) -> Image:
    """The image of some layers."""
    rootfs = {"type": "layers", "diff_ids": [layer.digest for layer in layers]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    return Image(layers, config, manifest_of(config, [(layer.digest, layer.size) for layer in layers]))


def manifest_of(config: bytes, layers: Iterable[tuple[str, int]]) -> bytes:
    """The manifest of a config and of layers by their digests and sizes in bytes."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": {"mediaType": IMAGE_CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest, "size": size} for digest, size in layers],
    }
    return json.dumps(manifest).encode()


def push_blob(connection: Connection, repository: str, digest: str, data: bytes) -> None:
    """HEAD, which must find nothing, then POST, PATCH, PUT."""
    connection.request("HEAD", f"/v2/{repository}/blobs/{digest}", expect=404)
    started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    patched = connection.request("PATCH", started.location, body=data, headers=OCTETS, expect=202)
    connection.request("PUT", with_digest(patched.location, digest), expect=201)


def push_image(connection: Connection, repository: str, tag: str, image: Image) -> None:
    """Push every blob of an image of small layers, then the manifest by its tag."""
    for layer in image.layers:
        push_blob(connection, repository, layer.digest, layer.content())
    push_blob(connection, repository, image.config_digest, image.config)
    put_manifest(connection, repository, tag, image)


def put_manifest(connection: Connection, repository: str, tag: str, image: Image) -> None:
    """Push the manifest alone."""
    path = f"/v2/{repository}/manifests/{tag}"
    connection.request("PUT", path, body=image.manifest, headers={"Content-Type": IMAGE_MANIFEST}, expect=201)


def with_digest(location: str, digest: str) -> str:
    """An upload's URL with the digest that ends it; its own query is kept."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"
