"""Objects in the order of their keys, read from as few directories as can be."""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import Final, TypeAlias

from entrepot_contract import ObjectInfo, Prefix, is_key
from entrepot_storage_fs.failures import Reporting
from entrepot_storage_fs.tree import KEPT_LEVELS, Tree, info_of

__all__ = ["Listing"]

REMEMBERED: Final = 2**17

SETTLED: Final = 2_000_000_000
"""Nanoseconds after which a change of a directory must have given it another time: clocks of filesystems are coarse."""

_key: Final = attrgetter("key")

Entry: TypeAlias = "os.DirEntry[str]"


class Listing:
    """Lists a tree, and remembers which directories have had an object below them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # Without this a listing of 1,000 tags would open 3,000 directories. It stays true because deletes prune:
        # below the levels that are kept, a directory that lost its last object is gone, and one that comes back is
        # made for an object. Wrong for as long as this process lives is only a directory that another program emptied
        # and left there, and a fresh empty one that got both the name and the inode number of one seen before.
        self._filled: set[tuple[str, int]] = set()
        # The same holds for a whole directory of directories for as long as its time stands still: a list of tags
        # then costs one stat, and not an entry's worth of work for each tag.
        self._unchanged: dict[str, tuple[tuple[int, int], list[Prefix]]] = {}

    def objects(self, prefix: str, after: str, shallow: bool) -> Iterator[ObjectInfo | Prefix]:
        """Everything below ``prefix`` whose key (for a Prefix: with its slash) comes after ``after``."""
        if not shallow:
            return self._deep(prefix, after)
        with Reporting("list_objects", prefix or None):
            try:
                status = os.stat(self._tree.path(prefix))
            except (FileNotFoundError, NotADirectoryError):
                return iter(())
        known = self._unchanged.get(prefix)
        if known is not None and known[0] == _version(status):
            items = known[1]
            return iter(items[bisect_right(items, after, key=_key) :] if after else items)
        return self._shallow(prefix, after, status)

    def _deep(self, prefix: str, after: str) -> Iterator[ObjectInfo | Prefix]:
        with Reporting("list_objects", prefix or None):
            open_directories = [_children(self._tree, prefix, after)]
            while open_directories:
                for key, entry in open_directories[-1]:
                    if key.endswith("/"):
                        open_directories.append(_children(self._tree, key, after))
                        break
                    yield from _info(key, entry)
                else:
                    open_directories.pop()

    def _shallow(self, prefix: str, after: str, status: os.stat_result) -> Iterator[ObjectInfo | Prefix]:
        # An object that comes into an empty directory, or the last one that leaves a kept one, changes nothing here.
        settled = prefix.count("/") >= KEPT_LEVELS and time.time_ns() - status.st_mtime_ns > SETTLED
        listed: list[Prefix] = []
        with Reporting("list_objects", prefix or None):
            for key, entry in _children(self._tree, prefix, after):
                if not key.endswith("/"):
                    settled = False
                    yield from _info(key, entry)
                elif key > after:
                    if not self._has_objects(key, entry):
                        settled = False
                        continue
                    item = Prefix(key)
                    listed.append(item)
                    yield item
        if settled and not after:
            if sum(len(items) for _, items in self._unchanged.values()) + len(listed) > REMEMBERED:
                self._unchanged.clear()
            self._unchanged[prefix] = (_version(status), listed)

    def _has_objects(self, key: str, entry: Entry) -> bool:
        identity = (entry.name, entry.inode())
        kept = key.count("/") <= KEPT_LEVELS
        if not kept and identity in self._filled:
            return True
        if next(self.objects(key, "", False), None) is None:
            return False
        if len(self._filled) >= REMEMBERED:
            self._filled.clear()
        self._filled.add(identity)
        return True


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_mtime_ns


def _children(tree: Tree, prefix: str, after: str) -> Iterator[tuple[str, Entry]]:
    """The entries of a directory in the order of keys, those of directories with a slash, from ``after`` on."""
    try:
        with os.scandir(tree.path(prefix)) as entries:
            # A name that is no key cannot be read through the contract, so it is not listed: the driver's own
            # directory, and the dot files of others.
            found = [
                (f"{prefix}{entry.name}/" if entry.is_dir() else f"{prefix}{entry.name}", entry)
                for entry in entries
                if is_key(entry.name)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return iter(())
    if after:
        found = [(key, entry) for key, entry in found if key > after or (key[-1] == "/" and after.startswith(key))]
    found.sort(key=itemgetter(0))
    return iter(found)


def _info(key: str, entry: Entry) -> Iterator[ObjectInfo]:
    try:
        status = os.stat(entry.path)
    except FileNotFoundError:
        return
    yield info_of(key, status)
