"""Blobs, manifests and indexes to push: OCI and Docker schema 2, built from plain JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from support.content import DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, descriptor, digest_of

__all__ = [
    "EMPTY",
    "EMPTY_INDEX",
    "OCI_LAYER",
    "Content",
    "blob",
    "image",
    "index",
    "manifest",
]

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIGS = {OCI_MANIFEST: OCI_CONFIG, DOCKER_MANIFEST: "application/vnd.docker.container.image.v1+json"}


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes with a media type, and the contents that must be pushed first. ``str`` returns the sha256 digest."""

    data: bytes = field(repr=False)
    media_type: str
    needs: tuple[Content, ...] = ()
    is_manifest: bool = False

    def __str__(self) -> str:
        return digest_of(self.data)

    @property
    def sha512(self) -> str:
        """The sha512 digest."""
        return digest_of(self.data, "sha512")

    @property
    def size(self) -> int:
        """The length in bytes."""
        return len(self.data)

    def descriptor(self, **more: object) -> dict[str, object]:
        """Return the descriptor of these bytes (image-spec, descriptor.md), with further fields."""
        return descriptor(self.data, self.media_type, **more)


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
