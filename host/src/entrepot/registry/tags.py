"""The tags of a repository: names that point to manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from entrepot.errors import ManifestUnknown, NameUnknown
from entrepot.registry import layout
from entrepot.registry.names import Digest
from entrepot.registry.parallel import Parallel
from entrepot.registry.store import Store
from entrepot_contract import ObjectInfo

__all__ = ["Tags"]

_ROUNDS: Final = 8
"""How often what a push has written meanwhile is removed as well."""

_REMOVED_AT_ONCE: Final = 64
"""Tags whose keys are deleted in one call: backends take many keys in few requests."""


class Tags:
    """The tags of all repositories (distribution-spec, "Listing Tags", "Deleting tags").

    Other processes push and delete at the same time, and no lock holds between them. So a push writes the revision
    before the tag, and ends by looking whether both are there (``Manifests.put``); a deletion of a manifest removes
    the tags, then the revision, and then the tags that were written before the revision went. Whichever comes last
    sees what the other has done.
    """

    def __init__(self, store: Store, parallel: Parallel) -> None:
        self._store = store
        self._parallel = parallel

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

    def exists(self, name: str, tag: str) -> bool:
        """Whether a tag names a manifest, whichever it is."""
        return self._store.exists(layout.tag_current(name, tag))

    def names(self, name: str, after: str = "") -> Iterator[str]:
        """The tags of a repository in ASCII order, from after ``after`` on; raises NameUnknown at once.

        As in Distribution, a tag is listed while anything of it is there, its history alone too.
        """
        found = self._store.names(layout.tags(name), after)
        first = next(found, None)
        if first is not None:
            return chain((first,), found)
        if not self._any(layout.manifests(name)) and not self._any(layout.layers(name)):
            raise NameUnknown({"name": name})
        return iter(())

    def delete(self, name: str, tag: str) -> None:
        """Remove all that is known of a tag, and not what it names; raises ManifestUnknown where nothing is known."""
        if not self._remove(name, (tag,)):
            raise ManifestUnknown({"name": name, "tag": tag})
        self.keep_repository(name)

    def delete_all_of(self, name: str, digest: Digest, known: Sequence[str] = ()) -> list[str]:
        """Remove every tag that names a manifest, and return those tags.

        Reads the link of every tag that is listed or in ``known``: Distribution keeps no list of a manifest's tags.
        A tag that was just deleted and written again is in ``known``, because the listing of a store may miss it for
        a moment: Ceph's did in 2 of 1,000 races.
        """

        def names_it(tag: str) -> bool:
            return self._store.link(layout.tag_current(name, tag)) == digest

        tags = list(dict.fromkeys((*self._store.names(layout.tags(name)), *known)))
        found = [tag for tag, named in zip(tags, self._parallel.map(names_it, tags), strict=True) if named]
        return [
            tag
            for start in range(0, len(found), _REMOVED_AT_ONCE)
            for tag in self._remove(name, found[start : start + _REMOVED_AT_ONCE], digest)
        ]

    def keep_repository(self, name: str) -> None:
        """Let a repository stay known after its last manifest was deleted.

        Distribution leaves empty directories for that, which most backends do not have.
        """
        if not self._any(layout.manifests(name)):
            self._store.driver.put(layout.emptied(name), b"")

    def _any(self, prefix: str) -> bool:
        return next(self._store.driver.list_objects(prefix, shallow=True), None) is not None

    def _remove(self, name: str, tags: Sequence[str], digest: Digest | None = None) -> Sequence[str]:
        """Remove tags; those of which there was anything, and with ``digest`` only those that still name it."""

        def doomed(tag: str) -> list[str]:
            current, keys = layout.tag_current(name, tag), self._keys(name, tag)
            if digest is not None:
                # It may have been moved since it was found. What moves it between this look and the deletion is lost.
                if self._store.link(current) != digest:
                    return []
                keys = list({*keys, current})
            # The current link goes last: a crash before leaves the tag, and never a listed tag that names nothing.
            return sorted(keys, key=lambda key: key == current)

        def left_over(tag: str) -> list[str]:
            # A push that wrote the current link before it was deleted writes the history after that. One whose
            # current link is there has written it again.
            keys = self._keys(name, tag)
            return [] if layout.tag_current(name, tag) in keys else keys

        removed = self._delete(tags, doomed)
        left = removed
        for _ in range(_ROUNDS):
            left = self._delete(left, left_over)
            if not left:
                break
        return removed

    def _delete(self, tags: Sequence[str], look: Callable[[str], list[str]]) -> Sequence[str]:
        """Delete in one call what ``look`` finds of each tag; those of which it has found anything."""
        found = [(tag, keys) for tag, keys in zip(tags, self._parallel.map(look, tags), strict=True) if keys]
        if found:
            self._store.driver.delete([key for _, keys in found for key in keys])
        return [tag for tag, _ in found]

    def _keys(self, name: str, tag: str) -> list[str]:
        listed = self._store.driver.list_objects(layout.tag(name, tag))
        return [item.key for item in listed if isinstance(item, ObjectInfo)]
