"""Parsing of manifests: media type, references and subject (image-spec, manifest.md)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Final, NoReturn

from entrepot.errors import DigestInvalid, ManifestInvalid
from entrepot.json_object import load_object
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
"""Sizes must be smaller: clients store them as signed 64-bit integers."""

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
        """Whether the layer may be stored elsewhere: it has a foreign type and URLs."""
        return bool(self.urls) and self.media_type.startswith(_FOREIGN)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it was pushed, and its parsed fields."""

    content: bytes = field(repr=False)
    media_type: str
    blobs: tuple[Reference, ...] = ()
    children: tuple[Reference, ...] = ()
    subject: Digest | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """Approximate size in memory, in bytes."""
        # Short strings take many times their length in memory, and some longer ones four times.
        texts = [*self.annotations, *self.annotations.values(), self.artifact_type or ""]
        for one in self.references:
            texts += (one.media_type, one.architecture or "", one.os or "", *one.urls)
        return len(self.content) + 512 * (1 + len(self.references)) + sum(map(getsizeof, texts)) + 48 * len(texts)

    @property
    def references(self) -> tuple[Reference, ...]:
        """All descriptors except the subject's."""
        return self.blobs + self.children


def parse_manifest(content: bytes, declared: str | None = None) -> Manifest:
    """Parse a manifest; ``declared`` is the Content-Type it was sent with, without parameters.

    Raises ManifestInvalid if it is not a manifest, or if its media type differs from the declared one.
    """
    try:
        fields = load_object(content)
    except ValueError as error:
        raise ManifestInvalid("not JSON in UTF-8") from error
    if fields is None:
        _invalid("a manifest must be a JSON object")
    media_type = _media_type(fields, declared)
    version = fields.get("schemaVersion")
    if version != 2 or not isinstance(version, int):
        _invalid("schemaVersion must be 2")
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
    """Parse a manifest from the storage; one that could not be pushed today is served nevertheless."""
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
        _invalid(f"mediaType is {named} and Content-Type is {declared}")
    found = named or declared or (OCI_INDEX if "manifests" in fields else OCI_MANIFEST)
    if found not in _IMAGES | _INDEXES:
        _invalid(f"unsupported media type {found[:255]}")
    if not named and found not in (OCI_MANIFEST, OCI_INDEX):
        _invalid(f"a manifest of type {found} must have the field mediaType")
    # A document that is both an image and an index would be interpreted differently by different clients.
    foreign = ("manifests",) if found in _IMAGES else ("config", "layers")
    for name in foreign:
        if name in fields:
            _invalid(f"a manifest of type {found} must not have the field {name}")
    return found


def _references(fields: Fields, name: str) -> tuple[Reference, ...]:
    entries = fields.get(name, [])
    if not isinstance(entries, list):
        _invalid(f"{name} must be a list of descriptors")
    return tuple(_reference(entry, name) for entry in entries)


def _reference(entry: object, place: str) -> Reference:
    if not isinstance(entry, dict):
        _invalid(f"{place} must be a descriptor")
    digest, size, platform = entry.get("digest"), entry.get("size"), entry.get("platform", {})
    if not isinstance(digest, str):
        _invalid(f"{place} needs a digest")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _SIZES:
        _invalid(f"{place} needs a size in bytes")
    if not isinstance(platform, dict):
        _invalid(f"{place}: platform must be an object")
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
    """Reject values that clients could not read back (image-spec, descriptor.md), although they are not used here."""
    _annotations(entry, f"{place}: annotations")
    _text(entry, "artifactType")
    for name in ("os.version", "variant"):
        _text(platform, name)
    _texts(platform.get("os.features", []), f"{place}: os.features")
    try:
        # Go's decoder ignores line ends and nothing else (image-spec, descriptor.md; RFC 4648, 3.1 permits that).
        binascii.a2b_base64(re.sub(r"[\r\n]", "", _text(entry, "data") or ""), strict_mode=True)
    except ValueError:
        _invalid(f"{place}: data must be base64")


def _annotations(fields: Fields, place: str) -> Mapping[str, str]:
    found = fields.get("annotations", {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        _invalid(f"{place} must map strings to strings")
    return found


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        _invalid(f"{name} must be a string")
    return value


def _texts(values: object, place: str) -> tuple[str, ...]:
    found = [value for value in values if value is not None] if isinstance(values, list) else None
    if found is None or not all(isinstance(value, str) for value in found):
        _invalid(f"{place} must be a list of strings")
    return tuple(found)


def _invalid(reason: str) -> NoReturn:
    raise ManifestInvalid(reason)
