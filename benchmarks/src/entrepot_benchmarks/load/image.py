"""Small images, each unlike any other, pushed request by request as Docker's engine does."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass

from entrepot_benchmarks.load.wire import Connection

__all__ = ["IMAGE_MANIFEST", "Image", "make_image", "push_blob", "push_image", "put_manifest", "with_digest"]

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Image:
    """The blobs of an image by their digests, and its manifest."""

    blobs: dict[str, bytes]
    manifest: bytes

    @property
    def digests(self) -> list[str]:
        """Everything that a registry stores for it."""
        return [*self.blobs, digest_of(self.manifest)]


def digest_of(data: bytes) -> str:
    """The sha256 digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def make_image(layers: int = 4, layer_size: int = 10_000) -> Image:
    """An image of random layers of ``layer_size`` bytes each, and a config that names them."""
    contents = [os.urandom(layer_size) for _ in range(layers)]
    rootfs = {"type": "layers", "diff_ids": [digest_of(content) for content in contents]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": _descriptor(IMAGE_CONFIG, config),
        "layers": [_descriptor(LAYER, content) for content in contents],
    }
    return Image({digest_of(data): data for data in (*contents, config)}, json.dumps(manifest).encode())


def push_blob(connection: Connection, repository: str, digest: str, data: bytes) -> None:
    """HEAD, which must find nothing, then POST, PATCH, PUT."""
    connection.request("HEAD", f"/v2/{repository}/blobs/{digest}", expect=404)
    started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    octets = {"Content-Type": "application/octet-stream"}
    patched = connection.request("PATCH", started.location, body=data, headers=octets, expect=202)
    connection.request("PUT", with_digest(patched.location, digest), expect=201)


def push_image(connection: Connection, repository: str, tag: str, image: Image) -> None:
    """Push every blob, then the manifest by its tag."""
    for digest, data in image.blobs.items():
        push_blob(connection, repository, digest, data)
    put_manifest(connection, repository, tag, image)


def put_manifest(connection: Connection, repository: str, tag: str, image: Image) -> None:
    """Push the manifest alone."""
    path = f"/v2/{repository}/manifests/{tag}"
    connection.request("PUT", path, body=image.manifest, headers={"Content-Type": IMAGE_MANIFEST}, expect=201)


def with_digest(location: str, digest: str) -> str:
    """An upload's URL with the digest that ends it; its own query is kept."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def _descriptor(media_type: str, data: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
