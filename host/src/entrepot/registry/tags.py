"""The tags of a repository: names that point to manifests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from entrepot.errors import ManifestUnknown, NameUnknown
from entrepot.registry import layout
from entrepot.registry.names import Digest
from entrepot.registry.store import Store
from entrepot_contract import ObjectInfo

__all__ = ["Tags"]


class Tags:
    """The tags of all repositories (distribution-spec, "Listing Tags", "Deleting tags")."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def resolve(self, name: str, tag: str) -> Digest:
        """The manifest that a tag names; raises ManifestUnknown."""
        digest = self._store.link(layout.tag_current(name, tag))
        if digest is None:
            raise ManifestUnknown({"name": name, "tag": tag})
        return digest

    def set(self, name: str, tag: str, digest: Digest) -> None:
        """Let a tag name a manifest."""
        # The current link goes first: a crash after it lacks a line of history, and never lists a tag without it.
        self._store.put_link(layout.tag_current(name, tag), digest)
        self._store.put_link(layout.tag_index(name, tag, digest), digest)

    def names(self, name: str, after: str = "") -> Iterator[str]:
        """The tags of a repository in ASCII order, from after ``after`` on; raises NameUnknown at once."""
        found = self._store.names(layout.tags(name), after)
        first = next(found, None)
        if first is not None:
            return chain((first,), found)
        if next(self._store.driver.list_objects(layout.manifests(name), shallow=True), None) is None:
            raise NameUnknown({"name": name})
        return iter(())

    def delete(self, name: str, tag: str) -> None:
        """Remove a tag, and not what it names; raises ManifestUnknown."""
        listed = self._store.driver.list_objects(layout.tag(name, tag))
        keys = [item.key for item in listed if isinstance(item, ObjectInfo)]
        current = layout.tag_current(name, tag)
        if current not in keys:
            raise ManifestUnknown({"name": name, "tag": tag})
        # The current link goes last: a crash before leaves the tag, and never a listed tag that names nothing.
        self._store.driver.delete([key for key in keys if key != current])
        self._store.driver.delete([current])

    def delete_all_of(self, name: str, digest: Digest) -> list[str]:
        """Remove every tag that names a manifest; answers those tags."""
        found = [tag for tag in self._store.names(layout.tags(name)) if self._names(name, tag, digest)]
        for tag in found:
            self.delete(name, tag)
        return found

    def _names(self, name: str, tag: str, digest: Digest) -> bool:
        return self._store.link(layout.tag_current(name, tag)) == digest
