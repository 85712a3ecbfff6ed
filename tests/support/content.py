"""Manifests and digests to push."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = [
    "DOCKER_LIST",
    "DOCKER_MANIFEST",
    "OCI_CONFIG",
    "OCI_GZIP_LAYER",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "Fields",
    "descriptor",
    "digest_of",
    "encoded",
    "image",
    "index",
]

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_GZIP_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"

Fields = dict[str, object]


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """Return the digest of some bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def descriptor(content: bytes, media_type: str = OCI_GZIP_LAYER, **more: object) -> Fields:
    """Return the descriptor of some bytes (image-spec, descriptor.md), with further fields."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def image(config: bytes = b"{}", layers: Sequence[Mapping[str, object]] = (), **more: object) -> Fields:
    """Return an image manifest of descriptors, with further fields."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config, OCI_CONFIG),
        "layers": list(layers),
        **more,
    }


def index(*children: Mapping[str, object], **more: object) -> Fields:
    """Return an image index of descriptors, with further fields."""
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(children), **more}


def encoded(fields: object) -> bytes:
    """Return JSON without white space."""
    return json.dumps(fields, separators=(",", ":")).encode()
