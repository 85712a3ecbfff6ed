"""The tags of a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
"""How often files written by concurrent pushes are removed as well."""

_REMOVED_AT_ONCE: Final = 64
"""Tags whose keys are deleted in one call: backends delete many keys with few requests."""

_NONE: Final[Mapping[str, ObjectInfo]] = {}


class Tags:
    """The tags of all repositories (distribution-spec, "Listing Tags", "Deleting tags").

    Other processes push and delete concurrently, without locks. Therefore a push writes the revision before the tag,
    and finally checks that both still exist (``Manifests.put``); a deletion of a manifest removes the tags, then the
    revision, and then the tags written before the revision was removed. Whichever is last sees the other's changes.
    """

    def __init__(self, store: Store, parallel: Parallel) -> None:
        self._store = store
        self._parallel = parallel
        self._conditional = store.driver.capabilities.conditional_delete

    def resolve(self, name: str, tag: str) -> Digest:
        """Returns the digest of the manifest that a tag points to; raises ManifestUnknown."""
        digest = self._store.link(layout.tag_current(name, tag))
        if digest is None:
            raise ManifestUnknown({"name": name, "tag": tag})
        return digest

    def set(self, name: str, tag: str, digest: Digest) -> None:
        """Set a tag to a manifest."""
        # The current link is written first: a crash then loses a history entry, but never lists a tag without a target.
        self._store.put_link(layout.tag_current(name, tag), digest)
        self._store.put_link(layout.tag_index(name, tag, digest), digest)

    def exists(self, name: str, tag: str) -> bool:
        """Returns whether a tag exists, whatever it points to."""
        return self._store.exists(layout.tag_current(name, tag))

    def names(self, name: str, after: str = "") -> Iterator[str]:
        """Returns the tags of a repository in ASCII order, starting after ``after``; raises NameUnknown immediately.

        As in Distribution, a tag is listed while any of its objects exist, even if only its history.
        """
        found = self._store.names(layout.tags(name), after)
        first = next(found, None)
        if first is not None:
            return chain((first,), found)
        if not self._any(layout.manifests(name)) and not self._any(layout.layers(name)):
            raise NameUnknown({"name": name})
        return iter(())

    def delete(self, name: str, tag: str) -> None:
        """Remove a tag and its history, but not its manifest; raises ManifestUnknown if there is no such tag."""
        if not self._remove(name, (tag,)):
            raise ManifestUnknown({"name": name, "tag": tag})
        self.keep_repository(name)

    def delete_all_of(self, name: str, digest: Digest, known: Sequence[str] = ()) -> list[str]:
        """Remove all tags that point to a manifest; returns these tags.

        Reads the link of every tag that is listed or in ``known``: Distribution stores no list of a manifest's tags.
        A tag that was just deleted and written again is in ``known``, because a store's listing may miss it for a
        moment: Ceph's did in 2 of 1,000 races.
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
        """Keep a repository known after its last manifest was deleted.

        Distribution relies on empty directories for that, which most backends do not have.
        """
        if not self._any(layout.manifests(name)):
            self._store.driver.put(layout.emptied(name), b"")

    def _any(self, prefix: str) -> bool:
        return next(self._store.driver.list_objects(prefix, shallow=True), None) is not None

    def _remove(self, name: str, tags: Sequence[str], digest: Digest | None = None) -> Sequence[str]:
        """Remove tags, with ``digest`` only those that still point to it; returns those that existed."""
        seen: dict[str, ObjectInfo] = {}

        def doomed(tag: str) -> list[str]:
            current, keys = layout.tag_current(name, tag), self._keys(name, tag)
            if digest is not None:
                # It may have been changed since it was found. Unless the driver deletes conditionally, a change between
                # this check and the deletion is lost.
                info = self._store.info(current) if self._conditional else None
                if self._store.link(current) != digest:
                    return []
                keys = list({*keys, current})
                if info is not None:
                    seen[current] = info
            # The current link is deleted last: a crash before that keeps the tag, and never lists one without a target.
            return sorted(keys, key=lambda key: key == current)

        def left_over(tag: str) -> list[str]:
            # A push that wrote the current link before it was deleted writes the history afterwards. If the current
            # link exists, the push has written it again.
            keys = self._keys(name, tag)
            return [] if layout.tag_current(name, tag) in keys else keys

        removed = self._delete(tags, doomed, seen)
        left = removed
        for _ in range(_ROUNDS):
            left = self._delete(left, left_over)
            if not left:
                break
        return removed

    def _delete(
        self, tags: Sequence[str], find_keys: Callable[[str], list[str]], seen: Mapping[str, ObjectInfo] = _NONE
    ) -> Sequence[str]:
        """Delete the keys that ``find_keys`` returns for each tag, in one call; returns the tags that had any.

        Those in ``seen`` are deleted last, one by one, and only if they are still the objects that were seen.
        """
        found = [(tag, keys) for tag, keys in zip(tags, self._parallel.map(find_keys, tags), strict=True) if keys]
        if keys := [key for _, keys in found for key in keys if key not in seen]:
            self._store.driver.delete(keys)
        for _ in self._parallel.map(self._store.driver.delete_unchanged, seen.values()):
            pass
        return [tag for tag, _ in found]

    def _keys(self, name: str, tag: str) -> list[str]:
        listed = self._store.driver.list_objects(layout.tag(name, tag))
        return [item.key for item in listed if isinstance(item, ObjectInfo)]
