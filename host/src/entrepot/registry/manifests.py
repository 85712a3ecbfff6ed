"""The manifests of a repository: checked when they come in, kept byte for byte, cached by digest."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot.errors import DigestInvalid, ManifestUnknown, Unavailable
from entrepot.registry import layout
from entrepot.registry.blobs import Blobs
from entrepot.registry.manifest import Manifest, parse_manifest
from entrepot.registry.manifest_cache import ManifestCache
from entrepot.registry.names import Digest, new_hasher
from entrepot.registry.parallel import Parallel
from entrepot.registry.references import References
from entrepot.registry.referrers import Referrers
from entrepot.registry.store import Store
from entrepot.registry.tags import Tags
from entrepot.settings import RegistrySettings

__all__ = ["Manifests"]

_MOST_ATTEMPTS = 16
"""How often a push writes its links again, because a deletion beside it has removed them."""


class Manifests:
    """The manifests of all repositories (distribution-spec, "Pulling manifests", "Pushing Manifests")."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        tags: Tags,
        cache: ManifestCache,
        parallel: Parallel,
        settings: RegistrySettings,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._tags = tags
        self._cache = cache
        self._references = References(blobs, settings)
        self._validation = settings.validation
        self.referrers = Referrers(store, parallel, self.get)

    def get(self, name: str, digest: Digest) -> Manifest:
        """A manifest of a repository by digest; raises ManifestUnknown."""
        stored = self._store.link(layout.revision(name, digest), digest)
        if stored is None:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        return self._load(name, digest, stored)

    def get_tagged(self, name: str, tag: str) -> tuple[Digest, Manifest]:
        """A manifest by tag; raises ManifestUnknown."""
        digest = self._tags.resolve(name, tag)
        return digest, self._load(name, digest)

    def put(
        self, name: str, content: bytes, declared: str | None, digest: Digest | None, tags: Sequence[str]
    ) -> tuple[Digest, Manifest]:
        """Take in a manifest, and let tags name it.

        - Raises ManifestInvalid, DigestInvalid where the content has another digest than ``digest``.
        - Raises ManifestBlobUnknown where it references what the repository lacks, or whose bytes the storage lacks.
        """
        manifest = parse_manifest(content, declared)
        hasher = new_hasher(digest.algorithm if digest else "sha256")
        hasher.update(content)
        found = Digest(digest.algorithm if digest else "sha256", hasher.hexdigest())
        if digest is not None and digest != found:
            raise DigestInvalid({"expected": str(digest), "received": str(found)})
        if self._validation:
            self._references.check(name, manifest)
        self._store.put_content(layout.blob(found), content)
        self._link(name, found, manifest, tags)
        self._cache.keep(found, manifest)
        self._blobs.remember(found, len(content))
        return found, manifest

    def _link(self, name: str, digest: Digest, manifest: Manifest, tags: Sequence[str]) -> None:
        """Make a stored manifest a member of a repository, and let tags name it; ``Tags`` says why it looks again."""
        for _ in range(_MOST_ATTEMPTS):
            self._store.put_link(layout.revision(name, digest), digest)
            if manifest.subject is not None:
                self.referrers.add(name, manifest.subject, digest, manifest)
            for tag in tags:
                self._tags.set(name, tag, digest)
            if not tags or (self._has_revision(name, digest) and all(self._tags.exists(name, tag) for tag in tags)):
                return
        raise Unavailable("this manifest is being deleted again and again", headers={"Retry-After": "1"})

    def _has_revision(self, name: str, digest: Digest) -> bool:
        return self._store.exists(layout.revision(name, digest))

    def delete(self, name: str, digest: Digest) -> list[str]:
        """Take a manifest out of a repository, and all tags that name it; answers those. Raises ManifestUnknown."""
        # A damaged link can be deleted, too, so it is not read.
        known = self._store.exists(layout.revision(name, digest))
        # Tags first: a crash must not leave a tag that names a manifest which the repository no longer has.
        tags = self._tags.delete_all_of(name, digest)
        # Where a deletion ended before its last look at the tags, they are all that is left of the manifest.
        if not known and not tags:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        manifest = self._cache.load(digest)
        self._store.driver.delete([layout.revision(name, digest)])
        self._blobs.forget()
        # A push may have written a tag since, and found the revision still there; see ``Tags``.
        tags += [tag for tag in self._tags.delete_all_of(name, digest, tags) if tag not in tags]
        if manifest is not None and manifest.subject is not None:
            self.referrers.remove(name, manifest.subject, digest)
            if self._has_revision(name, digest):
                self.referrers.add(name, manifest.subject, digest, manifest)
        self._tags.keep_repository(name)
        return tags

    def close(self) -> None:
        """End the threads. Idempotent."""
        self._references.close()

    def _load(self, name: str, digest: Digest, stored: Digest | None = None) -> Manifest:
        manifest = self._cache.load(digest, stored)
        if manifest is None:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        return manifest
