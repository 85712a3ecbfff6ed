"""Create an image in a storage and damage one of its objects, with any storage driver."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Final

from entrepot.registry import layout
from entrepot.registry.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot.registry.names import Digest, parse_digest
from entrepot_contract import StorageDriver

__all__ = ["CONTENT", "CONTENT_DAMAGE", "LINKS", "LINK_DAMAGE", "TAG", "Image", "damage", "digest_of", "make"]

TAG: Final = "latest"

CONTENT: Final = ("manifest", "child", "config", "layer")
"""Targets of damage: a tagged manifest, a child of an index, and a configuration and a layer of a manifest."""

LINKS: Final = ("layer link", "revision link", "tag link")

CONTENT_DAMAGE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "one byte": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
}
"""Kinds of damage that leave an object in place."""

LINK_DAMAGE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "garbage": lambda data: b"\xff no digest",
}


def digest_of(content: bytes) -> Digest:
    """Return the sha256 digest of some bytes."""
    return parse_digest(f"sha256:{sha256(content).hexdigest()}")


@dataclass(frozen=True, slots=True)
class Image:
    """An image with one layer in a repository, tagged ``latest``, and an index that references it and is not pushed."""

    name: str
    config: bytes = field(repr=False)
    layer: bytes = field(repr=False)
    manifest: bytes = field(repr=False)
    index: bytes = field(repr=False)

    def content(self, target: str) -> bytes:
        """The intact content of a target of ``CONTENT``, or of the object that a target of ``LINKS`` refers to."""
        if target in ("manifest", "child", "revision link", "tag link"):
            return self.manifest
        return self.config if target == "config" else self.layer

    def key(self, target: str) -> str:
        """The key of a target in the storage."""
        digest = digest_of(self.content(target))
        if target == "layer link":
            return layout.layer(self.name, digest)
        if target == "revision link":
            return layout.revision(self.name, digest)
        return layout.tag_current(self.name, TAG) if target == "tag link" else layout.blob(digest)


def make(driver: StorageDriver, name: str) -> Image:
    """Write an image to a storage as a registry does. The content depends on the name."""
    random = Random(name)  # noqa: S311 - content, not a secret
    config = json.dumps({"architecture": "amd64", "os": "linux", "author": name}).encode()
    layer = random.randbytes(50_000)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(config, "application/vnd.oci.image.config.v1+json"),
            "layers": [_descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
        }
    )
    index = _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_descriptor(manifest, OCI_MANIFEST)]})
    for content in (config, layer, manifest):
        driver.put(layout.blob(digest_of(content)), content)
    for content in (config, layer):
        _link(driver, layout.layer(name, digest_of(content)), content)
    digest = digest_of(manifest)
    for key in (layout.revision(name, digest), layout.tag_index(name, TAG, digest), layout.tag_current(name, TAG)):
        _link(driver, key, manifest)
    return Image(name, config, layer, manifest, index)


def damage(driver: StorageDriver, key: str, kind: str) -> None:
    """Damage an object: ``missing``, ``directory`` (one in its place), or a kind of the tables above."""
    changes = {**CONTENT_DAMAGE, **LINK_DAMAGE}
    if kind in changes:
        with driver.read(key) as reader:
            data = b"".join(reader)
        driver.put(key, changes[kind](data))
        return
    driver.delete([key])
    if kind == "directory":
        driver.put(f"{key}/stranger", b"what lies here is none of the registry's")


def _link(driver: StorageDriver, key: str, content: bytes) -> None:
    driver.put(key, str(digest_of(content)).encode())


def _descriptor(content: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(digest_of(content)), "size": len(content)}


def _json(fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
