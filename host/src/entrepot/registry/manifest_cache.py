"""Manifests by digest: hashed when they are read from the storage, and then kept in memory."""

from __future__ import annotations

from entrepot.registry import layout
from entrepot.registry.cache import Cache
from entrepot.registry.manifest import Manifest, stored_manifest
from entrepot.registry.names import Digest, new_hasher
from entrepot.registry.store import Store
from entrepot_contract import MAX_PUT_SIZE, NotFound

__all__ = ["ManifestCache"]


class ManifestCache:
    """The manifests of all repositories, up to ``limit`` bytes of them in memory.

    It holds only what has the digest that it is asked for by, so an entry stays right whatever happens to the storage.
    """

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._cache: Cache[Digest, Manifest] = Cache(limit)

    def load(self, digest: Digest, stored: Digest | None = None) -> Manifest | None:
        """A manifest, or None where the storage has none of this digest.

        ``stored`` is the digest that it is stored under, where that is another: a link may name another algorithm.
        One that is too large or has another digest is damaged: it counts as absent, and a warning names it.
        """
        manifest = self._cache.get(digest)
        if manifest is None:
            content = self._read(digest, layout.blob(stored or digest))
            if content is not None:
                manifest = stored_manifest(content)
                self.keep(digest, manifest)
        return manifest

    def keep(self, digest: Digest, manifest: Manifest) -> None:
        """Hold a manifest whose digest was computed from its bytes."""
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
            self._store.warn_damaged(key, f"this manifest of {len(content)} bytes has another digest than {digest}")
            return None
        return content
