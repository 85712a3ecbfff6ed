"""The blobs of a repository: content by digest, and links for membership."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from entrepot.cache import Cache
from entrepot.errors import BlobUnknown
from entrepot.registry import layout
from entrepot.registry.manifest_cache import ManifestCache
from entrepot.registry.names import ALGORITHMS, Digest, new_hasher
from entrepot.registry.store import Store
from entrepot_contract import IntegrityError, NotFound, ObjectInfo, RangeError, Reader, StorageError
from entrepot_contract.toolkit.reading import BodyReader

__all__ = ["Blob", "Blobs"]

_SIZES_BYTES: Final = 16 * 2**20
_SIZE_WEIGHT: Final = 512
"""Approximate size of one cached size in memory, in bytes."""

_SIZES_SECONDS: Final = 60.0
_SIGNED_FOR: Final = timedelta(minutes=20)
_EMPTY: Final = frozenset(Digest(algorithm, new_hasher(algorithm).hexdigest()) for algorithm in ALGORITHMS)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob of a repository: the digest it is stored under, and its size in bytes.

    ``content`` is set for a manifest, and its digest has been verified.
    """

    digest: Digest
    size: int
    content: bytes | None = field(default=None, repr=False)


class Blobs:
    """The blobs of all repositories (distribution-spec, "Pulling blobs").

    Membership is read from the storage on every call, so every host sees a deletion immediately. The existence and
    size of a blob in the storage are cached for a minute, and until this process deletes anything.
    A manifest is also a blob of its repository: clients fetch it there if they do not know its media type.
    """

    def __init__(self, store: Store, manifests: ManifestCache) -> None:
        self._store = store
        self._manifests = manifests
        self._sizes: Cache[Digest, int] = Cache(_SIZES_BYTES, max_age=_SIZES_SECONDS)

    def stat(self, name: str, digest: Digest) -> Blob:
        """Returns a blob of a repository; raises BlobUnknown."""
        blob = self.find(name, digest)
        if blob is None:
            raise BlobUnknown({"digest": str(digest)})
        return blob

    def find(self, name: str, digest: Digest) -> Blob | None:
        """Returns a blob of a repository, or None if it is not a member or its bytes are not in the storage."""
        stored = self._layer(name, digest)
        return self._find_manifest(name, digest) if stored is None else self._stored(stored)

    def find_child(self, name: str, digest: Digest) -> Blob | None:
        """Returns a child of an index: a manifest, a blob if the repository has no such manifest, or None."""
        manifest = self._find_manifest(name, digest)
        if manifest is None:
            stored = self._layer(name, digest)
            return None if stored is None else self._stored(stored)
        return manifest

    def read(self, name: str, digest: Digest) -> Reader:
        """Returns a reader for a blob of a repository; raises BlobUnknown."""
        stored = self._layer(name, digest)
        if stored is not None:
            return self._read(name, digest, stored, 0, None)
        manifest = self._find_manifest(name, digest)
        if manifest is None or manifest.content is None:
            raise BlobUnknown({"digest": str(digest)})
        return self._part(manifest.digest, manifest.content, 0, manifest.size)

    def read_part(self, name: str, digest: Digest, blob: Blob, offset: int, length: int) -> Reader:
        """Returns a reader for a part of a blob found by ``stat``.

        Raises BlobUnknown if its bytes no longer exist, IntegrityError or RangeError if their number has changed.
        """
        if blob.content is not None:
            return self._part(blob.digest, blob.content, offset, length)
        reader = self._read(name, digest, blob.digest, offset, length)
        if reader.info.size != blob.size:
            reader.close()
            self._sizes.pop(blob.digest)
            raise IntegrityError(
                f"has {reader.info.size} bytes instead of {blob.size}: the blob is damaged, push it again",
                driver=self._store.driver.name,
                operation="read",
                key=layout.blob(blob.digest),
            )
        return reader

    def _read(self, name: str, digest: Digest, stored: Digest, offset: int, length: int | None) -> Reader:
        try:
            reader = self._store.driver.read(layout.blob(stored), offset=offset, length=length)
        except NotFound as error:
            self._sizes.pop(stored)
            raise BlobUnknown({"digest": str(digest), "name": name}) from error
        except RangeError:
            # It is shorter than the cached size, so the next request must stat it again.
            self._sizes.pop(stored)
            raise
        except IntegrityError as error:
            self._sizes.pop(stored)
            self._store.warn_damaged(layout.blob(stored), error.message)
            raise BlobUnknown({"digest": str(digest), "name": name}) from error
        if reader.info.size == 0 and self._lost(stored):
            reader.close()
            self._sizes.pop(stored)
            raise BlobUnknown({"digest": str(digest), "name": name})
        return reader

    def url(self, name: str, digest: Digest) -> str | None:
        """Returns a URL of the backend for the blob, or None if the host must serve it; raises BlobUnknown."""
        if "GET" not in self._store.driver.capabilities.signed_urls:
            return None
        blob = self.stat(name, digest)
        if blob.content is not None:
            return None
        return self._store.driver.sign_url(layout.blob(blob.digest), "GET", _SIGNED_FOR)

    def link(self, name: str, digest: Digest, size: int) -> None:
        """Add a stored blob to a repository."""
        self._store.put_link(layout.layer(name, digest), digest)
        self.remember(digest, size)

    def mount(self, name: str, digest: Digest, source: str | None) -> Blob | None:
        """Add a blob of another repository, or any stored blob if ``source`` is None, to this one.

        Returns None if there is no such blob (distribution-spec, "Mounting a blob from another repository").
        """
        self._sizes.pop(digest)
        blob = self._stored(digest) if source is None else self.find(source, digest)
        if blob is not None:
            self._store.put_link(layout.layer(name, digest), blob.digest)
        return blob

    def delete(self, name: str, digest: Digest) -> None:
        """Remove a blob from a repository; its bytes stay for other repositories. Raises BlobUnknown."""
        # The link is not read, so that a damaged one can be deleted as well.
        link = layout.layer(name, digest)
        if not self._store.exists(link):
            raise BlobUnknown({"digest": str(digest)})
        self._store.driver.delete([link])
        self.forget()

    def remember(self, digest: Digest, size: int) -> None:
        """Cache the size of content that was just stored."""
        self._sizes.set(digest, size, _SIZE_WEIGHT)

    def forget(self) -> None:
        """Clear the cache, because this process has deleted something."""
        self._sizes.clear()

    def _layer(self, name: str, digest: Digest) -> Digest | None:
        return self._store.link(layout.layer(name, digest), digest)

    def _stored(self, stored: Digest) -> Blob | None:
        size = self._size(stored)
        return None if size is None else Blob(stored, size)

    def _find_manifest(self, name: str, digest: Digest) -> Blob | None:
        stored = self._store.link(layout.revision(name, digest), digest)
        size = None if stored is None else self._size(stored)
        if stored is None or size is None:
            return None
        manifest = self._manifests.load(digest, stored)
        if manifest is None or len(manifest.content) != size:
            self._sizes.pop(stored)
            return None
        return Blob(stored, size, manifest.content)

    def _size(self, stored: Digest) -> int | None:
        size = self._sizes.get(stored)
        if size is None:
            size = self._store.size(layout.blob(stored))
            if size is None or (size == 0 and self._lost(stored)):
                return None
            self.remember(stored, size)
        return size

    def _lost(self, stored: Digest) -> bool:
        """Returns whether an empty object is damaged, that is, its digest is not that of empty content."""
        if stored in _EMPTY:
            return False
        self._store.warn_damaged(layout.blob(stored), "this blob is empty, but its digest is not that of empty content")
        return True

    def _part(self, digest: Digest, content: bytes, offset: int, length: int) -> Reader:
        info = ObjectInfo(layout.blob(digest), len(content), datetime.now(UTC), None)
        part = content[offset : offset + length]
        return BodyReader(
            info,
            iter((part,)),
            len(part),
            driver=self._store.driver.name,
            close=lambda: None,
            failed=lambda error: StorageError(str(error), driver=self._store.driver.name, operation="read"),
        )
