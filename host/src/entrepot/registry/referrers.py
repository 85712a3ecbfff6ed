"""Which manifests refer to a subject (distribution-spec, "Listing Referrers")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from entrepot.errors import ManifestUnknown
from entrepot.registry import layout
from entrepot.registry.manifest import OCI_INDEX, Manifest
from entrepot.registry.names import Digest, parse_digest
from entrepot.registry.store import Store
from entrepot_contract import ObjectInfo

__all__ = ["Referrer", "Referrers", "fallback_tag"]

_ALGORITHM_LENGTH = 32
_ENCODED_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that refers to a subject."""

    digest: Digest
    manifest: Manifest

    def descriptor(self) -> dict[str, object]:
        """Its descriptor with the fields that the specification asks for."""
        manifest = self.manifest
        entry: dict[str, object] = {
            "mediaType": manifest.media_type,
            "digest": str(self.digest),
            "size": len(manifest.content),
        }
        if manifest.artifact_type:
            entry["artifactType"] = manifest.artifact_type
        if manifest.annotations:
            entry["annotations"] = dict(manifest.annotations)
        return entry


class Referrers:
    """The referrers of all subjects: an index beside Distribution's tree that the manifests can rebuild.

    ``load`` reads a manifest that is a member of the repository, and raises ManifestUnknown for any other: an entry
    of the index whose manifest was deleted, here or by another registry on the same storage, does not show.
    """

    def __init__(self, store: Store, load: Callable[[str, Digest], Manifest]) -> None:
        self._store = store
        self._load = load

    def add(self, name: str, subject: Digest, digest: Digest) -> None:
        """Remember that a manifest refers to a subject."""
        self._store.put_link(layout.referrer(name, subject, digest), digest)

    def remove(self, name: str, subject: Digest, digest: Digest) -> None:
        """Forget it."""
        self._store.driver.delete([layout.referrer(name, subject, digest)])

    def of(self, name: str, subject: Digest) -> Iterator[Referrer]:
        """The referrers of a subject in the order of their digests, those of the fallback tag among them."""
        for digest in sorted(self._indexed(name, subject) | self._tagged(name, subject), key=str):
            try:
                manifest = self._load(name, digest)
            except ManifestUnknown:
                continue
            if manifest.subject == subject:
                yield Referrer(digest, manifest)

    def _indexed(self, name: str, subject: Digest) -> set[Digest]:
        found = self._store.driver.list_objects(layout.referrers(name, subject))
        return {parse_digest(":".join(item.key.split("/")[-3:-1])) for item in found if isinstance(item, ObjectInfo)}

    def _tagged(self, name: str, subject: Digest) -> set[Digest]:
        """What clients of older registries have listed under the fallback tag ("Enabling the Referrers API")."""
        try:
            digest = self._store.link(layout.tag_current(name, fallback_tag(subject)))
            index = self._load(name, digest) if digest else None
        except ManifestUnknown:
            return set()
        if index is None or index.media_type != OCI_INDEX:
            return set()
        return {child.digest for child in index.children}


def fallback_tag(subject: Digest) -> str:
    """The tag of the referrers tag schema (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:_ALGORITHM_LENGTH]}-{subject.encoded[:_ENCODED_LENGTH]}"
