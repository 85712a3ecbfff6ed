"""The blobs of a repository: content by digest, and links that make it a member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from entrepot.errors import BlobUnknown
from entrepot.registry import layout
from entrepot.registry.cache import Cache
from entrepot.registry.names import Digest
from entrepot.registry.store import Store
from entrepot_contract import IntegrityError, NotFound, Reader

__all__ = ["Blob", "Blobs"]

_KNOWN_SIZES = 65536
_SIGNED_FOR = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Blob:
    """A member of a repository: the digest it is stored under, and its size in bytes."""

    digest: Digest
    size: int


class Blobs:
    """The blobs of all repositories (distribution-spec, "Pulling blobs").

    Membership is read from the storage at every call, so a deletion is seen at once by every host. Sizes never
    change for a digest, and are remembered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sizes: Cache[Digest, int] = Cache(_KNOWN_SIZES)

    def stat(self, name: str, digest: Digest) -> Blob:
        """A blob of a repository; raises BlobUnknown."""
        stored = self._member(name, digest)
        size = self._sizes.get(stored)
        if size is None:
            size = self._store.size(layout.blob(stored))
            if size is None:
                raise BlobUnknown({"digest": str(digest)})
            self._sizes.set(stored, size)
        return Blob(stored, size)

    def read(self, name: str, digest: Digest) -> Reader:
        """All bytes of a blob of a repository; raises BlobUnknown."""
        return self._read(name, digest, self._member(name, digest), 0, None)

    def read_part(self, name: str, digest: Digest, blob: Blob, offset: int, length: int) -> Reader:
        """Some bytes of a blob that ``stat`` has found.

        Raises BlobUnknown where its bytes are gone, IntegrityError where their number is no longer the same.
        """
        reader = self._read(name, digest, blob.digest, offset, length)
        if reader.info.size != blob.size:
            reader.close()
            self._sizes.pop(blob.digest)
            raise IntegrityError(
                f"has {reader.info.size} bytes where there were {blob.size}: the blob was damaged, push it again",
                driver=self._store.driver.name,
                operation="read",
                key=layout.blob(blob.digest),
            )
        return reader

    def _read(self, name: str, digest: Digest, stored: Digest, offset: int, length: int | None) -> Reader:
        try:
            return self._store.driver.read(layout.blob(stored), offset=offset, length=length)
        except NotFound as error:
            self._sizes.pop(stored)
            raise BlobUnknown({"digest": str(digest), "name": name}) from error

    def url(self, name: str, digest: Digest) -> str | None:
        """A URL of the backend that serves the blob, or None where the driver has none; raises BlobUnknown."""
        if "GET" not in self._store.driver.capabilities.signed_urls:
            return None
        return self._store.driver.sign_url(layout.blob(self._member(name, digest)), "GET", _SIGNED_FOR)

    def has(self, name: str, digest: Digest) -> bool:
        """Whether a blob is a member of a repository."""
        return self._store.link(layout.layer(name, digest)) is not None

    def link(self, name: str, digest: Digest, size: int) -> None:
        """Make a stored blob a member of a repository."""
        self._store.put_link(layout.layer(name, digest), digest)
        self._sizes.set(digest, size)

    def mount(self, name: str, digest: Digest, source: str | None) -> Blob | None:
        """Make a blob of another repository, or without one any stored blob, a member of this one.

        None where there is no such blob (distribution-spec, "Mounting a blob from another repository").
        """
        stored = digest if source is None else self._store.link(layout.layer(source, digest))
        size = None if stored is None else self._store.size(layout.blob(stored))
        if stored is None or size is None:
            return None
        self._store.put_link(layout.layer(name, digest), stored)
        return Blob(stored, size)

    def delete(self, name: str, digest: Digest) -> None:
        """Take a blob out of a repository; its bytes stay for the others. Raises BlobUnknown."""
        self._member(name, digest)
        self._store.driver.delete([layout.layer(name, digest)])

    def _member(self, name: str, digest: Digest) -> Digest:
        stored = self._store.link(layout.layer(name, digest))
        if stored is None:
            raise BlobUnknown({"digest": str(digest)})
        return stored
