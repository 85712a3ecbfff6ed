"""Manifests by digest: verified when they are read from the storage, then cached in memory."""

from __future__ import annotations

from entrepot.cache import Cache
from entrepot.registry import layout
from entrepot.registry.manifest import Manifest, stored_manifest
from entrepot.registry.names import Digest, new_hasher
from entrepot.registry.store import Store
from entrepot_contract import MAX_PUT_SIZE, NotFound

__all__ = ["ManifestCache"]


class ManifestCache:
    """The manifests of all repositories, with up to ``limit`` bytes cached in memory.

    Only content whose digest was verified is cached, so entries stay valid whatever happens to the storage.
    """

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._cache: Cache[Digest, Manifest] = Cache(limit)

    def load(self, digest: Digest, stored: Digest | None = None) -> Manifest | None:
        """Returns a manifest, or None if the storage has none with this digest.

        ``stored`` is the digest it is stored under, if different: a link may use another algorithm. A manifest that is
        too large or has another digest is damaged: it is treated as absent, and a warning is logged.
        """
        manifest = self._cache.get(digest)
        if manifest is None:
            content = self._read(digest, layout.blob(stored or digest))
            if content is not None:
                manifest = stored_manifest(content)
                self.keep(digest, manifest)
        return manifest

    def keep(self, digest: Digest, manifest: Manifest) -> None:
        """Cache a manifest whose digest was computed from its bytes."""
        self._cache.set(digest, manifest, manifest.weight)

    def _read(self, digest: Digest, key: str) -> bytes | None:
        try:
            content = self._store.read_up_to(key, MAX_PUT_SIZE)
        except NotFound:
            return None
        if content is None:
            self._store.warn_damaged(key, f"this manifest cannot be read, or has more than {MAX_PUT_SIZE} bytes")
            return None
        hasher = new_hasher(digest.algorithm)
        hasher.update(content)
        if hasher.hexdigest() != digest.encoded:
            self._store.warn_damaged(key, f"this manifest of {len(content)} bytes does not have the digest {digest}")
            return None
        return content
