"""The manifests of a repository: validated on push, stored byte for byte, cached by digest."""

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

_MAX_ATTEMPTS = 16
"""How often a push rewrites its links if a concurrent deletion has removed them."""


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
        """Returns a manifest of a repository by digest; raises ManifestUnknown."""
        stored = self._store.link(layout.revision(name, digest), digest)
        if stored is None:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        return self._load(name, digest, stored)

    def get_tagged(self, name: str, tag: str) -> tuple[Digest, Manifest]:
        """Returns a manifest by tag; raises ManifestUnknown."""
        digest = self._tags.resolve(name, tag)
        return digest, self._load(name, digest)

    def put(
        self, name: str, content: bytes, declared: str | None, digest: Digest | None, tags: Sequence[str]
    ) -> tuple[Digest, Manifest]:
        """Store a manifest, and set tags to it.

        - Raises ManifestInvalid; DigestInvalid if the content does not have the digest ``digest``.
        - Raises ManifestBlobUnknown if it references content that is missing in the repository or in the storage.
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
        """Add a stored manifest to a repository and set tags to it; ``Tags`` explains the loop."""
        for _ in range(_MAX_ATTEMPTS):
            self._store.put_link(layout.revision(name, digest), digest)
            if manifest.subject is not None:
                self.referrers.add(name, manifest.subject, digest, manifest)
            for tag in tags:
                self._tags.set(name, tag, digest)
            if not tags or (self._has_revision(name, digest) and all(self._tags.exists(name, tag) for tag in tags)):
                return
        raise Unavailable("this manifest is repeatedly deleted by other requests", headers={"Retry-After": "1"})

    def _has_revision(self, name: str, digest: Digest) -> bool:
        return self._store.exists(layout.revision(name, digest))

    def delete(self, name: str, digest: Digest) -> list[str]:
        """Remove a manifest and all tags that point to it; returns these tags. Raises ManifestUnknown."""
        # The link is not read, so that a damaged one can be deleted as well.
        known = self._store.exists(layout.revision(name, digest))
        # Tags first: a crash must not leave a tag that points to a manifest that is no longer in the repository.
        tags = self._tags.delete_all_of(name, digest)
        # If an earlier deletion was interrupted before its last check of the tags, only tags are left of the manifest.
        if not known and not tags:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        manifest = self._cache.load(digest)
        self._store.driver.delete([layout.revision(name, digest)])
        self._blobs.forget()
        # A concurrent push may have written a tag after it had found the revision; see ``Tags``.
        tags += [tag for tag in self._tags.delete_all_of(name, digest, tags) if tag not in tags]
        if manifest is not None and manifest.subject is not None:
            self.referrers.remove(name, manifest.subject, digest)
            if self._has_revision(name, digest):
                self.referrers.add(name, manifest.subject, digest, manifest)
        self._tags.keep_repository(name)
        return tags

    def close(self) -> None:
        """Stop the threads. Idempotent."""
        self._references.close()

    def _load(self, name: str, digest: Digest, stored: Digest | None = None) -> Manifest:
        manifest = self._cache.load(digest, stored)
        if manifest is None:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        return manifest
