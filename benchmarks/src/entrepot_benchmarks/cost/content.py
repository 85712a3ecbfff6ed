"""What is pushed while requests are counted: nothing of it can be stored already, so all of it may be removed again."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Final

from entrepot.registry.manifest import OCI_MANIFEST

__all__ = ["SMALL", "Content", "digest_of", "random_image"]

SMALL: Final = 10_000
"""The bytes of a layer."""

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Content:
    """The blobs of an image by their digests, layers first, and its manifest."""

    blobs: dict[str, bytes]
    manifest: bytes


def digest_of(data: bytes) -> str:
    """The sha256 digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def random_image(layers: int) -> Content:
    """An image of so many random layers; its config is unlike any other too, also without layers."""
    contents = [os.urandom(SMALL) for _ in range(layers)]
    rootfs = {"type": "layers", "diff_ids": [digest_of(content) for content in contents]}
    fields = {"architecture": "amd64", "os": "linux", "author": os.urandom(32).hex(), "rootfs": rootfs}
    config = json.dumps(fields).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(_CONFIG, config),
        "layers": [_descriptor(_LAYER, content) for content in contents],
    }
    return Content({digest_of(data): data for data in (*contents, config)}, json.dumps(manifest).encode())


def _descriptor(media_type: str, data: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
