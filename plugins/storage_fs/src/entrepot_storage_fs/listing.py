"""Objects in the order of their keys, read from as few directories as can be."""

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
"""Bytes of the names of directories' entries that are remembered, at most."""

LARGE: Final = 128
"""Entries from which on a directory is remembered before all of them were looked at: to read fewer costs little."""

SETTLED: Final = 2_000_000_000
"""Nanoseconds after which a change of a directory must have given it another time: clocks of filesystems are coarse."""

_OVERHEAD: Final = 512
_OF_A_NAME: Final = 128
"""Bytes that a directory and an entry take beside the entry's key, about."""

_key: Final = attrgetter("key")


@dataclass(frozen=True, slots=True)
class _Directory:
    """What lies in a directory at one ``version`` of it.

    - ``keys``: of its entries in the order of bytes, those of directories with a slash.
    - ``inodes``: of its entries that are directories, and 0 for files.
    - ``prefixes``: what a shallow listing of all of it answers, once that is known to hold for this version.
    """

    version: tuple[int, int]
    keys: list[str]
    inodes: array[int]
    prefixes: list[Prefix] | None = None

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory, about."""
        return _OVERHEAD + sum(map(len, self.keys)) + _OF_A_NAME * len(self.keys)


class Listing:
    """Lists a tree, and remembers what lay in its directories."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._filled = FilledDirectories(tree)
        # The entries of a directory hold for as long as its time stands still: a page of a list of 100,000 names
        # then costs its own names, and a list of tags one stat.
        self._directories: BoundedMap[_Directory] = BoundedMap(BUDGET)

    def objects(self, prefix: str, after: str, shallow: bool) -> Iterator[ObjectInfo | Prefix]:
        """Everything below ``prefix`` whose key (for a Prefix: with its slash) comes after ``after``."""
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
            # An object that comes into an empty directory, or the last one that leaves a kept one, does not change it.
            whole = settled and not after and prefix.count("/") >= KEPT_LEVELS
            prefixes: list[Prefix] = []
            for index in range(bisect_right(directory.keys, after) if after else 0, len(directory.keys)):
                key, inode = directory.keys[index], directory.inodes[index]
                if not inode:
                    whole = False
                    yield from self._info(key)
                elif self._filled.holds(prefix, key[len(prefix) : -1], inode):
                    item = Prefix(key)
                    if whole:
                        prefixes.append(item)
                    yield item
                else:
                    whole = False
        if whole:
            listed = _Directory(directory.version, directory.keys, directory.inodes, prefixes)
            self._directories.set(prefix, listed, 2 * listed.weight)

    def _directory(self, prefix: str, after: str, status: os.stat_result) -> tuple[_Directory, bool]:
        """A directory's entries, and whether they hold for as long as its version is the same.

        Those up to ``after`` may be left out where they do not.
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
    """The keys of the entries of a directory, those of directories with a slash, and their inode numbers.

    From ``after`` on, in the order of keys; a directory that ``after`` lies in is among them.
    """
    found: dict[str, int] = {}
    # Most names are left out by one comparison, as the directories of unfinished uploads are long.
    least = after[len(prefix) :] if after.startswith(prefix) else ""
    try:
        with os.scandir(tree.path(prefix)) as entries:
            for entry in entries:
                name = entry.name
                if name < least and not least.startswith(name):
                    continue
                # A name that is no key cannot be read through the contract, so it is not listed: the driver's own
                # directory, and the dot files of others.
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
