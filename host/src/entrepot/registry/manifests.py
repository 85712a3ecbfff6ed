"""The manifests of a repository: checked when they come in, kept byte for byte, cached by digest."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from entrepot.errors import DigestInvalid, ManifestBlobUnknown, ManifestInvalid, ManifestUnknown
from entrepot.registry import layout
from entrepot.registry.blobs import Blobs
from entrepot.registry.cache import Cache
from entrepot.registry.manifest import Manifest, Reference, parse_manifest, stored_manifest
from entrepot.registry.names import Digest, new_hasher
from entrepot.registry.referrers import Referrers
from entrepot.registry.store import Store
from entrepot.registry.tags import Tags
from entrepot.settings import Platform, RegistrySettings
from entrepot_contract import MAX_PUT_SIZE, NotFound

__all__ = ["Manifests"]

_MOST_MISSING = 100


class Manifests:
    """The manifests of all repositories (distribution-spec, "Pulling manifests", "Pushing Manifests")."""

    def __init__(self, store: Store, blobs: Blobs, tags: Tags, settings: RegistrySettings) -> None:
        self._store = store
        self._blobs = blobs
        self._tags = tags
        self._settings = settings
        self._cache: Cache[Digest, Manifest] = Cache(settings.manifest_cache_size)
        self.referrers = Referrers(store, self.get)

    def get(self, name: str, digest: Digest) -> Manifest:
        """A manifest of a repository by digest; raises ManifestUnknown."""
        stored = self._store.link(layout.revision(name, digest))
        if stored is None:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        return self._load(name, stored)

    def get_tagged(self, name: str, tag: str) -> tuple[Digest, Manifest]:
        """A manifest by tag; raises ManifestUnknown."""
        digest = self._tags.resolve(name, tag)
        return digest, self._load(name, digest)

    def put(
        self, name: str, content: bytes, declared: str | None, digest: Digest | None, tags: Sequence[str]
    ) -> tuple[Digest, Manifest]:
        """Take in a manifest, and let tags name it.

        - Raises ManifestInvalid, DigestInvalid where the content has another digest than ``digest``.
        - Raises ManifestBlobUnknown where it references what the repository lacks.
        """
        manifest = parse_manifest(content, declared)
        hasher = new_hasher(digest.algorithm if digest else "sha256")
        hasher.update(content)
        found = Digest(digest.algorithm if digest else "sha256", hasher.hexdigest())
        if digest is not None and digest != found:
            raise DigestInvalid({"expected": str(digest), "received": str(found)})
        if self._settings.validation:
            self._check(name, manifest)
        self._store.put_content(layout.blob(found), content)
        self._store.put_link(layout.revision(name, found), found)
        if manifest.subject is not None:
            self.referrers.add(name, manifest.subject, found)
        for tag in tags:
            self._tags.set(name, tag, found)
        self._cache.set(found, manifest, manifest.weight)
        return found, manifest

    def delete(self, name: str, digest: Digest) -> list[str]:
        """Take a manifest out of a repository, and all tags that name it; answers those. Raises ManifestUnknown."""
        if self._store.link(layout.revision(name, digest)) is None:
            raise ManifestUnknown({"name": name, "revision": str(digest)})
        # Tags first: a tag must never name a manifest that the repository no longer has.
        tags = self._tags.delete_all_of(name, digest)
        try:
            subject = self._load(name, digest).subject
        except ManifestUnknown:
            subject = None
        self._store.driver.delete([layout.revision(name, digest)])
        if subject is not None:
            self.referrers.remove(name, subject, digest)
        return tags

    def _load(self, name: str, digest: Digest) -> Manifest:
        manifest = self._cache.get(digest)
        if manifest is None:
            try:
                content = self._store.read(layout.blob(digest), MAX_PUT_SIZE)
            except NotFound as error:
                raise ManifestUnknown({"name": name, "revision": str(digest)}) from error
            manifest = stored_manifest(content)
            self._cache.set(digest, manifest, manifest.weight)
        return manifest

    def _check(self, name: str, manifest: Manifest) -> None:
        missing = [blob for blob in manifest.blobs if not self._has_blob(name, blob)]
        missing += [child for child in manifest.children if not self._has_child(name, child)]
        if missing:
            raise ManifestBlobUnknown([{"digest": str(reference.digest)} for reference in missing[:_MOST_MISSING]])

    def _has_blob(self, name: str, blob: Reference) -> bool:
        if blob.foreign:
            for url in blob.urls:
                self._check_url(url)
            return True
        return self._blobs.has(name, blob.digest)

    def _has_child(self, name: str, child: Reference) -> bool:
        policy = self._settings.index
        if policy.require == "none":
            return True
        if policy.require == "list" and Platform(child.architecture or "", child.os or "") not in policy.platforms:
            return True
        if self._store.link(layout.revision(name, child.digest)) is not None:
            return True
        return self._blobs.has(name, child.digest)

    def _check_url(self, url: str) -> None:
        policy = self._settings.urls
        allowed = not policy.allow or any(pattern.search(url) for pattern in policy.allow)
        denied = any(pattern.search(url) for pattern in policy.deny)
        if not _is_http(url) or not allowed or denied:
            raise ManifestInvalid(f"the URL {url[:255]} of a layer is not allowed here")


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment
