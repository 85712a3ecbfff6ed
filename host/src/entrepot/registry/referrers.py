"""Which manifests refer to a subject (distribution-spec, "Listing Referrers")."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from entrepot.errors import DigestInvalid, ManifestUnknown
from entrepot.registry import layout
from entrepot.registry.cache import Cache
from entrepot.registry.manifest import OCI_INDEX, Manifest
from entrepot.registry.names import Digest, parse_digest
from entrepot.registry.parallel import Parallel
from entrepot.registry.store import Store
from entrepot_contract import MAX_PUT_SIZE, NotFound, ObjectInfo

__all__ = ["Referrer", "Referrers", "fallback_tag"]

_ALGORITHM_LENGTH = 32
_ENCODED_LENGTH = 64

_KEPT_BYTES: Final = 8 * 2**20
_WEIGHT: Final = 1024
"""About how many bytes of memory a referrer takes beside its descriptor."""

_READ_AHEAD_BYTES: Final = 4 * 2**20
_READ_AHEAD: Final = 64
_WITHOUT_DESCRIPTOR: Final = 2**18
"""Bytes that an entry counts for whose manifest has to be read, as its own size says nothing about that."""

_LEAST_ENTRY: Final = 144
"""Bytes, below which an entry of the index is a digest alone, as earlier versions wrote it."""


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that refers to a subject: its descriptor as JSON, with the fields that the specification asks for."""

    digest: Digest
    artifact_type: str | None
    descriptor: bytes = field(repr=False)

    @classmethod
    def of(cls, digest: Digest, manifest: Manifest) -> Referrer:
        """What is listed of a manifest."""
        entry: dict[str, object] = {
            "mediaType": manifest.media_type,
            "digest": str(digest),
            "size": len(manifest.content),
        }
        if manifest.artifact_type:
            entry["artifactType"] = manifest.artifact_type
        if manifest.annotations:
            entry["annotations"] = dict(manifest.annotations)
        text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
        return cls(digest, manifest.artifact_type, text.encode(errors="replace"))

    @classmethod
    def stored(cls, digest: Digest, content: bytes) -> Referrer | None:
        """What an entry of the index holds, or None where it is a digest alone, or damaged."""
        try:
            entry = json.loads(content)
        except (ValueError, RecursionError):
            return None
        if not isinstance(entry, dict) or entry.get("digest") != str(digest):
            return None
        artifact_type = entry.get("artifactType")
        return cls(digest, artifact_type if isinstance(artifact_type, str) else None, content)


class Referrers:
    """The referrers of all subjects: an index beside Distribution's tree that the manifests can rebuild.

    Each entry holds the descriptor, so that a list reads no manifests. ``load`` reads a manifest that is a member of
    the repository, and raises ManifestUnknown for any other: an entry of the index whose manifest was deleted, here
    or by another registry on the same storage, does not show.
    """

    def __init__(self, store: Store, parallel: Parallel, load: Callable[[str, Digest], Manifest]) -> None:
        self._store = store
        self._parallel = parallel
        self._load = load
        # What a manifest refers to, and its descriptor, never change.
        self._known: Cache[tuple[Digest, Digest], Referrer] = Cache(_KEPT_BYTES)

    def add(self, name: str, subject: Digest, digest: Digest, manifest: Manifest) -> None:
        """Remember that a manifest refers to a subject."""
        self._store.driver.put(layout.referrer(name, subject, digest), Referrer.of(digest, manifest).descriptor)

    def remove(self, name: str, subject: Digest, digest: Digest) -> None:
        """Forget it."""
        self._store.driver.delete([layout.referrer(name, subject, digest)])

    def of(self, name: str, subject: Digest, after: str = "") -> Iterator[Referrer]:
        """The referrers of a subject in the order of their digests, from after the digest ``after`` on.

        Those of the fallback tag are among them. They are read as they are asked for, some of them ahead.
        """

        def find(digest: Digest) -> Referrer | None:
            return self._find(name, subject, digest)

        tagged = ((digest, _WITHOUT_DESCRIPTOR) for digest in self._tagged(name, subject))
        found = heapq.merge(self._indexed(name, subject, after), sorted(tagged, key=_text), key=_text)
        for batch in _batches(_later(found, after)):
            yield from filter(None, self._parallel.map(find, batch))

    def _find(self, name: str, subject: Digest, digest: Digest) -> Referrer | None:
        known = self._known.get((subject, digest)) or self._entry(name, subject, digest)
        if known is None:
            try:
                manifest = self._load(name, digest)
            except ManifestUnknown:
                return None
            if manifest.subject != subject:
                return None
            known = Referrer.of(digest, manifest)
        elif self._store.link(layout.revision(name, digest), digest) is None:
            return None
        self._known.set((subject, digest), known, len(known.descriptor) + _WEIGHT)
        return known

    def _entry(self, name: str, subject: Digest, digest: Digest) -> Referrer | None:
        try:
            content = self._store.read_up_to(layout.referrer(name, subject, digest), MAX_PUT_SIZE)
        except NotFound:
            return None
        return None if content is None else Referrer.stored(digest, content)

    def _indexed(self, name: str, subject: Digest, after: str) -> Iterator[tuple[Digest, int]]:
        """The digests in the index, each with about how many bytes it takes to read."""
        start = ""
        with suppress(DigestInvalid):
            start = layout.referrer(name, subject, parse_digest(after))
        for item in self._store.driver.list_objects(layout.referrers(name, subject), start_after=start):
            *_, algorithm, encoded, last = item.key.split("/")
            if isinstance(item, ObjectInfo) and last == "link":
                size = item.size if item.size >= _LEAST_ENTRY else _WITHOUT_DESCRIPTOR
                with suppress(DigestInvalid):
                    yield parse_digest(f"{algorithm}:{encoded}"), size

    def _tagged(self, name: str, subject: Digest) -> set[Digest]:
        """What clients of older registries have listed under the fallback tag ("Enabling the Referrers API")."""
        digest = self._store.link(layout.tag_current(name, fallback_tag(subject)))
        try:
            index = self._load(name, digest) if digest else None
        except ManifestUnknown:
            return set()
        if index is None or index.media_type != OCI_INDEX:
            return set()
        return {child.digest for child in index.children}


def fallback_tag(subject: Digest) -> str:
    """The tag of the referrers tag schema (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:_ALGORITHM_LENGTH]}-{subject.encoded[:_ENCODED_LENGTH]}"


def _text(found: tuple[Digest, int]) -> str:
    return str(found[0])


def _later(found: Iterable[tuple[Digest, int]], after: str) -> Iterator[tuple[Digest, int]]:
    """Each digest once, and none up to ``after``."""
    previous = None
    for digest, size in found:
        if digest != previous and str(digest) > after:
            yield digest, size
        previous = digest


def _batches(found: Iterable[tuple[Digest, int]]) -> Iterator[list[Digest]]:
    """Digests that are looked at side by side: few where each takes many bytes to read."""
    batch: list[Digest] = []
    weight = 0
    for digest, size in found:
        if batch and (len(batch) == _READ_AHEAD or weight + size > _READ_AHEAD_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(digest)
        weight += size
    if batch:
        yield batch
