"""Blobs, manifests and indexes to push: OCI and Docker schema 2, built from plain JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

__all__ = [
    "DOCKER_LIST",
    "DOCKER_MANIFEST",
    "EMPTY",
    "EMPTY_INDEX",
    "OCI_CONFIG",
    "OCI_INDEX",
    "OCI_LAYER",
    "OCI_MANIFEST",
    "Content",
    "blob",
    "image",
    "index",
    "manifest",
]

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_CONFIGS = {OCI_MANIFEST: OCI_CONFIG, DOCKER_MANIFEST: "application/vnd.docker.container.image.v1+json"}


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes with a media type, and the contents that must be pushed first. ``str`` returns the sha256 digest."""

    data: bytes = field(repr=False)
    media_type: str
    needs: tuple[Content, ...] = ()
    is_manifest: bool = False

    def __str__(self) -> str:
        return "sha256:" + hashlib.sha256(self.data).hexdigest()

    @property
    def sha512(self) -> str:
        """The sha512 digest."""
        return "sha512:" + hashlib.sha512(self.data).hexdigest()

    @property
    def size(self) -> int:
        """The length in bytes."""
        return len(self.data)

    def descriptor(self, **more: object) -> dict[str, object]:
        """Return the descriptor of these bytes (image-spec, descriptor.md), with further fields."""
        return {"mediaType": self.media_type, "digest": str(self), "size": self.size, **more}


def blob(data: bytes, media_type: str = OCI_LAYER) -> Content:
    """Return a blob."""
    return Content(data, media_type)


EMPTY = blob(b"{}", "application/vnd.oci.empty.v1+json")


def manifest(media_type: str, fields: dict[str, object], *needs: Content, typed: bool = True) -> Content:
    """Return a manifest with these fields. ``typed`` states whether it has a ``mediaType`` field."""
    document = {"schemaVersion": 2, **({"mediaType": media_type} if typed else {}), **fields}
    # An unusual indent of three: a registry that serializes the JSON again would change the digest.
    return Content(json.dumps(document, indent=3).encode() + b"\n", media_type, needs, is_manifest=True)


def image(
    text: str, *layers: Content, media_type: str = OCI_MANIFEST, config: Content | None = None, **fields: object
) -> Content:
    """Return an image manifest. ``text`` is part of its config (or its annotations) and makes it unique."""
    if config is None:
        config = blob(
            json.dumps({"architecture": "amd64", "os": "linux", "author": text}).encode(), _CONFIGS[media_type]
        )
    else:
        fields = {"annotations": {"text": text}, **fields}
    body = {"config": config.descriptor(), "layers": [layer.descriptor() for layer in layers], **fields}
    return manifest(media_type, body, config, *layers)


def index(*children: Content, media_type: str = OCI_INDEX, **fields: object) -> Content:
    """Return an image index, or a Docker manifest list."""
    platform = {"architecture": "amd64", "os": "linux"}
    body = {"manifests": [child.descriptor(platform=platform) for child in children], **fields}
    return manifest(media_type, body, *children)


EMPTY_INDEX = index()
