"""Listings of objects in the order of their keys, reading as few directories as possible."""

from __future__ import annotations

import os
import time
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from entrepot_contract import ObjectInfo, Prefix, is_key
from entrepot_storage_fs.bounded import BoundedMap
from entrepot_storage_fs.failures import Reporting
from entrepot_storage_fs.filled import FilledDirectories
from entrepot_storage_fs.tree import KEPT_LEVELS, Tree, info_of

__all__ = ["Listing"]

BUDGET: Final = 32 * 2**20
"""Maximum size of the cache of directory entries, in bytes."""

LARGE: Final = 128
"""Number of entries from which a directory is cached at once; reading smaller ones again costs little."""

SETTLED: Final = 2_000_000_000
"""Nanoseconds after which another change is certain to result in another mtime: filesystem clocks are coarse."""

_OVERHEAD: Final = 512
_OF_A_NAME: Final = 128
"""Approximate memory overhead in bytes of a directory, and of an entry in addition to its key."""

_key: Final = attrgetter("key")


@dataclass(frozen=True, slots=True)
class _Directory:
    """The entries of a directory at one ``version``.

    - ``keys``: the keys of the entries in byte order; those of directories end with a slash.
    - ``inodes``: the inode numbers of entries that are directories, and 0 for files.
    - ``prefixes``: the result of a shallow listing of the directory, if it is known to be valid for this version.
    """

    version: tuple[int, int]
    keys: list[str]
    inodes: array[int]
    prefixes: list[Prefix] | None = None

    @property
    def weight(self) -> int:
        """Approximate size in memory, in bytes."""
        return _OVERHEAD + sum(map(len, self.keys)) + _OF_A_NAME * len(self.keys)


class Listing:
    """Lists a tree, and caches the entries of its directories."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._filled = FilledDirectories(tree)
        # The entries of a directory are valid while its mtime is unchanged: a page of a list of 100,000 names then
        # costs only the names of the page, and a list of tags one stat.
        self._directories: BoundedMap[_Directory] = BoundedMap(BUDGET)

    def objects(self, prefix: str, after: str, shallow: bool) -> Iterator[ObjectInfo | Prefix]:
        """Return all entries below ``prefix`` whose key (of a Prefix: with its slash) is after ``after``."""
        if not shallow:
            return self._deep(prefix, after)
        with Reporting("list_objects", prefix or None):
            try:
                status = os.stat(self._tree.path(prefix))
            except (FileNotFoundError, NotADirectoryError):
                return iter(())
        known = self._directories.get(prefix)
        if known is not None and known.version == _version(status) and known.prefixes is not None:
            items = known.prefixes
            return iter(items[bisect_right(items, after, key=_key) :] if after else items)
        return self._shallow(prefix, after, status)

    def _deep(self, prefix: str, after: str) -> Iterator[ObjectInfo | Prefix]:
        with Reporting("list_objects", prefix or None):
            open_directories = [iter(_read(self._tree, prefix, after)[0])]
            while open_directories:
                for key in open_directories[-1]:
                    if key.endswith("/"):
                        open_directories.append(iter(_read(self._tree, key, after)[0]))
                        break
                    yield from self._info(key)
                else:
                    open_directories.pop()

    def _shallow(self, prefix: str, after: str, status: os.stat_result) -> Iterator[ObjectInfo | Prefix]:
        with Reporting("list_objects", prefix or None):
            directory, settled = self._directory(prefix, after, status)
            # Creating the first object in an empty subdirectory, or deleting the last one in a subdirectory that is
            # kept, does not change the mtime of this directory.
            complete = settled and not after and prefix.count("/") >= KEPT_LEVELS
            prefixes: list[Prefix] = []
            for index in range(bisect_right(directory.keys, after) if after else 0, len(directory.keys)):
                key, inode = directory.keys[index], directory.inodes[index]
                if not inode:
                    complete = False
                    yield from self._info(key)
                elif self._filled.holds(prefix, key[len(prefix) : -1], inode):
                    item = Prefix(key)
                    if complete:
                        prefixes.append(item)
                    yield item
                else:
                    complete = False
        if complete:
            listed = _Directory(directory.version, directory.keys, directory.inodes, prefixes)
            self._directories.set(prefix, listed, 2 * listed.weight)

    def _directory(self, prefix: str, after: str, status: os.stat_result) -> tuple[_Directory, bool]:
        """Return a directory's entries, and whether they are valid for as long as its version stays the same.

        If they are not, entries up to ``after`` may be missing.
        """
        version = _version(status)
        known = self._directories.get(prefix)
        if known is not None and known.version == version:
            return known, True
        settled = time.time_ns() - status.st_mtime_ns > SETTLED
        directory = _Directory(version, *_read(self._tree, prefix, "" if settled else after))
        if settled and len(directory.keys) >= LARGE:
            self._directories.set(prefix, directory, directory.weight)
        return directory, settled

    def _info(self, key: str) -> Iterator[ObjectInfo]:
        try:
            status = os.stat(self._tree.path(key))
        except FileNotFoundError:
            return
        yield info_of(key, status)


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_mtime_ns


def _read(tree: Tree, prefix: str, after: str) -> tuple[list[str], array[int]]:
    """Return the keys of the entries of a directory, with a slash for directories, and their inode numbers.

    Contains the keys after ``after``, in order, and the directory that contains ``after``.
    """
    found: dict[str, int] = {}
    # Most names are excluded by one comparison, because directories of unfinished uploads are large.
    least = after[len(prefix) :] if after.startswith(prefix) else ""
    try:
        with os.scandir(tree.path(prefix)) as entries:
            for entry in entries:
                name = entry.name
                if name < least and not least.startswith(name):
                    continue
                # Names that are not valid keys cannot be read through the contract and are not listed: the driver's
                # working directory, and hidden files of other programs.
                if not is_key(name):
                    continue
                if entry.is_dir():
                    found[f"{prefix}{name}/"] = entry.inode()
                else:
                    found[f"{prefix}{name}"] = 0
    except (FileNotFoundError, NotADirectoryError):
        return [], array("Q")
    keys = sorted(key for key in found if key > after or (key[-1] == "/" and after.startswith(key)))
    return keys, array("Q", [found[key] for key in keys])
