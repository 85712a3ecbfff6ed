"""Manifests and digests to push."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from entrepot.registry.manifest import OCI_INDEX, OCI_MANIFEST

__all__ = ["CONFIG_TYPE", "LAYER_TYPE", "Fields", "descriptor", "digest_of", "encoded", "image", "index"]

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"

Fields = dict[str, object]


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def descriptor(content: bytes, media_type: str = LAYER_TYPE, **more: object) -> Fields:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def image(config: bytes = b"{}", layers: Sequence[Mapping[str, object]] = (), **more: object) -> Fields:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config, CONFIG_TYPE),
        "layers": list(layers),
        **more,
    }


def index(*children: Mapping[str, object], **more: object) -> Fields:
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(children), **more}


def encoded(fields: object) -> bytes:
    return json.dumps(fields).encode()
