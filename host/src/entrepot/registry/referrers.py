"""The manifests that refer to a subject (distribution-spec, "Listing Referrers")."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from entrepot.cache import Cache
from entrepot.errors import DigestInvalid, ManifestUnknown
from entrepot.registry import layout
from entrepot.registry.manifest import OCI_INDEX, Manifest
from entrepot.registry.members import Members
from entrepot.registry.names import ALGORITHMS, Digest, parse_digest
from entrepot.registry.parallel import Parallel
from entrepot.registry.store import Store
from entrepot_contract import MAX_PUT_SIZE, NotFound

__all__ = ["Referrer", "Referrers", "fallback_tag"]

_ALGORITHM_LENGTH = 32
_ENCODED_LENGTH = 64

_KEPT_BYTES: Final = 8 * 2**20
_WEIGHT: Final = 1024
"""Approximate size of a cached referrer beside its descriptor, in bytes."""

_READ_AHEAD_BYTES: Final = 4 * 2**20
_READ_AHEAD: Final = 256
_UNKNOWN_SIZE: Final = 2**19
"""Assumed size in bytes of a descriptor that was not read yet, if the size of the previous one is unknown as well."""


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that refers to a subject: its descriptor as JSON, with the fields required by the specification."""

    digest: Digest
    artifact_type: str | None
    descriptor: bytes = field(repr=False)

    @classmethod
    def of(cls, digest: Digest, manifest: Manifest) -> Referrer:
        """Returns the referrer for a manifest."""
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
        """Returns the referrer in an entry of the index, or None if it is only a digest, or damaged."""
        try:
            entry = json.loads(content)
        except (ValueError, RecursionError):
            return None
        if not isinstance(entry, dict) or entry.get("digest") != str(digest):
            return None
        artifact_type = entry.get("artifactType")
        return cls(digest, artifact_type if isinstance(artifact_type, str) else None, content)


class Referrers:
    """The referrers of all subjects: an index outside Distribution's tree that can be rebuilt from the manifests.

    Each entry holds the descriptor, so that listing reads no manifests. ``load`` returns a manifest of the repository,
    or raises ManifestUnknown: entries whose manifest was deleted, here or by another registry on the same storage,
    are not listed.
    """

    def __init__(self, store: Store, parallel: Parallel, load: Callable[[str, Digest], Manifest]) -> None:
        self._store = store
        self._parallel = parallel
        self._load = load
        # The subject of a manifest, and its descriptor, never change.
        self._known: Cache[tuple[Digest, Digest], Referrer] = Cache(_KEPT_BYTES)

    def add(self, name: str, subject: Digest, digest: Digest, manifest: Manifest) -> None:
        """Record that a manifest refers to a subject."""
        self._store.put_again(layout.referrer(name, subject, digest), Referrer.of(digest, manifest).descriptor)

    def remove(self, name: str, subject: Digest, digest: Digest) -> None:
        """Remove the record that a manifest refers to a subject."""
        self._store.driver.delete([layout.referrer(name, subject, digest)])

    def of(self, name: str, subject: Digest, after: str = "") -> Iterator[Referrer]:
        """Yield the referrers of a subject in the order of their digests, starting after the digest ``after``.

        Includes those listed under the fallback tag. Entries are read as needed, with some read-ahead.
        """

        def find(digest: Digest) -> Referrer | None:
            return self._known.get((subject, digest)) or self._read(name, subject, digest)

        members = Members(self._store, self._parallel, name)
        tagged = sorted(self._tagged(name, subject), key=str)
        found = heapq.merge(self._indexed(name, subject, after), tagged, key=str)
        for batch in self._batches(subject, _later(found, after)):
            present = members.among(batch)
            yield from filter(None, self._parallel.map(find, present))

    def _read(self, name: str, subject: Digest, digest: Digest) -> Referrer | None:
        referrer = self._entry(name, subject, digest)
        if referrer is None:
            try:
                manifest = self._load(name, digest)
            except ManifestUnknown:
                return None
            if manifest.subject != subject:
                return None
            referrer = Referrer.of(digest, manifest)
        self._known.set((subject, digest), referrer, len(referrer.descriptor) + _WEIGHT)
        return referrer

    def _entry(self, name: str, subject: Digest, digest: Digest) -> Referrer | None:
        try:
            content = self._store.read_up_to(layout.referrer(name, subject, digest), MAX_PUT_SIZE)
        except NotFound:
            return None
        return None if content is None else Referrer.stored(digest, content)

    def _indexed(self, name: str, subject: Digest, after: str) -> Iterator[Digest]:
        prefix = layout.referrers(name, subject)
        last_algorithm, _, last = after.partition(":")
        for algorithm in self._store.names(prefix):
            if algorithm in ALGORITHMS and algorithm >= last_algorithm:
                for encoded in self._store.names(f"{prefix}{algorithm}/", last if algorithm == last_algorithm else ""):
                    with suppress(DigestInvalid):
                        yield parse_digest(f"{algorithm}:{encoded}")

    def _batches(self, subject: Digest, found: Iterable[Digest]) -> Iterator[list[Digest]]:
        """Yield groups of digests to be read concurrently, small ones if each takes many bytes to read."""
        batch: list[Digest] = []
        weight, likely = 0, _UNKNOWN_SIZE
        for digest in found:
            known = self._known.get((subject, digest))
            size = likely if known is None else len(known.descriptor)
            if batch and (len(batch) == _READ_AHEAD or weight + size > _READ_AHEAD_BYTES):
                yield batch
                # It has been read in the meantime; the next one probably has a similar size.
                known = self._known.get((subject, batch[-1]))
                likely = _UNKNOWN_SIZE if known is None else 2 * len(known.descriptor)
                batch, weight = [], 0
            batch.append(digest)
            weight += size
        if batch:
            yield batch

    def _tagged(self, name: str, subject: Digest) -> set[Digest]:
        """Returns the manifests that clients have listed under the fallback tag ("Enabling the Referrers API")."""
        digest = self._store.link(layout.tag_current(name, fallback_tag(subject)))
        try:
            index = self._load(name, digest) if digest else None
        except ManifestUnknown:
            return set()
        if index is None or index.media_type != OCI_INDEX:
            return set()
        return {child.digest for child in index.children}


def fallback_tag(subject: Digest) -> str:
    """Returns the tag of the referrers tag schema (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:_ALGORITHM_LENGTH]}-{subject.encoded[:_ENCODED_LENGTH]}"


def _later(found: Iterable[Digest], after: str) -> Iterator[Digest]:
    """Yield the digests without duplicates that are greater than ``after``."""
    previous = None
    for digest in found:
        if digest != previous and str(digest) > after:
            yield digest
        previous = digest
