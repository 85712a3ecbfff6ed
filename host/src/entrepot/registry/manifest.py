"""What a manifest says: its media type, what it references, and what it refers to (image-spec, manifest.md)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Final, NoReturn

from entrepot.errors import DigestInvalid, ManifestInvalid
from entrepot.registry.json_object import load_object
from entrepot.registry.names import Digest, parse_digest

__all__ = [
    "DOCKER_LIST",
    "DOCKER_MANIFEST",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "Manifest",
    "Reference",
    "parse_manifest",
    "stored_manifest",
]

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

_DOCKER_SIGNED: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"
_IMAGES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
_FOREIGN: Final = (
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
)

_SIZES: Final = 2**63
"""Sizes are below it: clients keep them in 64 bits with a sign."""

_HEADER_VALUE: Final = re.compile(r"[!-~]+(?: [!-~]+)*\Z")

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reference:
    """A descriptor inside a manifest (image-spec, descriptor.md); ``size`` is in bytes."""

    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] = ()
    architecture: str | None = None
    os: str | None = None

    @property
    def foreign(self) -> bool:
        """Whether the layer may lie elsewhere: its type says so and it names where."""
        return bool(self.urls) and self.media_type.startswith(_FOREIGN)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it was pushed, and what was read out of it."""

    content: bytes = field(repr=False)
    media_type: str
    blobs: tuple[Reference, ...] = ()
    children: tuple[Reference, ...] = ()
    subject: Digest | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        # Short strings take many times their length, and some longer ones four times.
        texts = [*self.annotations, *self.annotations.values(), self.artifact_type or ""]
        for one in self.references:
            texts += (one.media_type, one.architecture or "", one.os or "", *one.urls)
        return len(self.content) + 512 * (1 + len(self.references)) + sum(map(getsizeof, texts)) + 48 * len(texts)

    @property
    def references(self) -> tuple[Reference, ...]:
        """All descriptors but the subject's."""
        return self.blobs + self.children


def parse_manifest(content: bytes, declared: str | None = None) -> Manifest:
    """Read a manifest; ``declared`` is the Content-Type without parameters that came with it.

    Raises ManifestInvalid where it is none, or where the type that it names is another than the declared one.
    """
    try:
        fields = load_object(content)
    except ValueError as error:
        raise ManifestInvalid("not JSON in UTF-8") from error
    if fields is None:
        _refuse("a manifest is a JSON object")
    media_type = _media_type(fields, declared)
    version = fields.get("schemaVersion")
    if version != 2 or not isinstance(version, int):
        _refuse("schemaVersion must be 2")
    subject = fields.get("subject")
    image = media_type in _IMAGES
    config = _reference(fields.get("config"), "config") if image else None
    return Manifest(
        content=content,
        media_type=media_type,
        blobs=(config, *_references(fields, "layers")) if config else (),
        children=() if image else _references(fields, "manifests"),
        subject=None if subject is None else _reference(subject, "subject").digest,
        artifact_type=_text(fields, "artifactType") or (config.media_type if config else None),
        annotations=_annotations(fields, "annotations"),
    )


def stored_manifest(content: bytes) -> Manifest:
    """Read a manifest that lies in the storage; one that could not be pushed today is served all the same."""
    try:
        return parse_manifest(content)
    except ManifestInvalid:
        try:
            named = (load_object(content) or {}).get("mediaType")
        except ValueError:
            named = None
        fits = isinstance(named, str) and _HEADER_VALUE.match(named)
        return Manifest(content, str(named) if fits else _DOCKER_SIGNED)


def _media_type(fields: Fields, declared: str | None) -> str:
    named = _text(fields, "mediaType")
    if named and declared and named != declared:
        _refuse(f"mediaType is {named} and Content-Type is {declared}")
    found = named or declared or (OCI_INDEX if "manifests" in fields else OCI_MANIFEST)
    if found not in _IMAGES | _INDEXES:
        _refuse(f"unsupported media type {found[:255]}")
    if not named and found not in (OCI_MANIFEST, OCI_INDEX):
        _refuse(f"a manifest of type {found} has the field mediaType")
    # One document that is both an image and an index means different things to different clients.
    foreign = ("manifests",) if found in _IMAGES else ("config", "layers")
    for name in foreign:
        if name in fields:
            _refuse(f"a manifest of type {found} has no field {name}")
    return found


def _references(fields: Fields, name: str) -> tuple[Reference, ...]:
    entries = fields.get(name, [])
    if not isinstance(entries, list):
        _refuse(f"{name} must be a list of descriptors")
    return tuple(_reference(entry, name) for entry in entries)


def _reference(entry: object, place: str) -> Reference:
    if not isinstance(entry, dict):
        _refuse(f"{place} must be a descriptor")
    digest, size, platform = entry.get("digest"), entry.get("size"), entry.get("platform", {})
    if not isinstance(digest, str):
        _refuse(f"{place} needs a digest")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _SIZES:
        _refuse(f"{place} needs a size in bytes")
    if not isinstance(platform, dict):
        _refuse(f"{place}: platform must be an object")
    _check_unread(entry, platform, place)
    try:
        parsed = parse_digest(digest)
    except DigestInvalid as error:
        raise ManifestInvalid(f"{place}: {error.detail}") from error
    return Reference(
        media_type=_text(entry, "mediaType") or "",
        digest=parsed,
        size=size,
        urls=_texts(entry.get("urls", []), f"{place}: urls"),
        architecture=_text(platform, "architecture"),
        os=_text(platform, "os"),
    )


def _check_unread(entry: Fields, platform: Fields, place: str) -> None:
    """Refuse what no client could read back (image-spec, descriptor.md), although nothing here uses it."""
    _annotations(entry, f"{place}: annotations")
    _text(entry, "artifactType")
    for name in ("os.version", "variant"):
        _text(platform, name)
    _texts(platform.get("os.features", []), f"{place}: os.features")
    try:
        # Line ends are all that Go's decoder ignores (image-spec, descriptor.md; RFC 4648, 3.1 leaves that to it).
        binascii.a2b_base64(re.sub(r"[\r\n]", "", _text(entry, "data") or ""), strict_mode=True)
    except ValueError:
        _refuse(f"{place}: data must be base64")


def _annotations(fields: Fields, place: str) -> Mapping[str, str]:
    found = fields.get("annotations", {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        _refuse(f"{place} must map strings to strings")
    return found


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        _refuse(f"{name} must be a string")
    return value


def _texts(values: object, place: str) -> tuple[str, ...]:
    found = [value for value in values if value is not None] if isinstance(values, list) else None
    if found is None or not all(isinstance(value, str) for value in found):
        _refuse(f"{place} must be a list of strings")
    return tuple(found)


def _refuse(why: str) -> NoReturn:
    raise ManifestInvalid(why)
