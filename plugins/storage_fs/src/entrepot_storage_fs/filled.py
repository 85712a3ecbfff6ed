"""Detection of directories that contain an object at any depth, with as few system calls as possible."""

from __future__ import annotations

import os
import stat
from itertools import islice
from typing import Final, TypeAlias

from entrepot_contract import is_key
from entrepot_storage_fs.tree import KEPT_LEVELS, Tree

__all__ = ["FilledDirectories"]

REMEMBERED: Final = 2**17
"""Maximum number of directories remembered to contain an object."""

WAYS: Final = 256
NEXT: Final = 2048
TRIES: Final = 4
"""Maximum numbers: of remembered ways, of remembered files in directories that are probably listed next, and of names
that are tried for a wildcard in a way (also of ways to choose from)."""

Way: TypeAlias = tuple[str, ...]
"""A relative path from a directory to a file, as names; an empty name is a wildcard."""


class FilledDirectories:
    """Determines whether a directory contains an object at any depth.

    Sibling directories, and directories of the same name, usually have the same structure: a tag has ``current/link``.
    The relative path of the object found in the previous one is therefore tried first, which takes one system call
    instead of one for each level.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # Without this, a listing of 1,000 tags would stat 1,000 files. Entries stay valid because deletes prune: below
        # the levels that are kept, a directory that loses its last object is removed, and is only created again for an
        # object. An entry is wrong only for a directory that another program emptied without removing it, and for a
        # new, empty directory that got both the name and the inode number of an earlier one.
        self._seen: set[tuple[str, int]] = set()
        self._ways: dict[str, Way] = {}
        # After a directory, its subdirectories are usually listed next. By the path of a directory inside them, this
        # holds the object that was found there, so that it only has to be checked again, not searched.
        self._next: dict[str, str] = {}

    def holds(self, prefix: str, name: str, inode: int) -> bool:
        """Return whether the directory ``name`` in ``prefix`` contains an object at any depth; raises OSError."""
        kept = prefix.count("/") < KEPT_LEVELS
        if not kept and (name, inode) in self._seen:
            return True
        if not self._search(prefix, name):
            return False
        if not kept:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen.add((name, inode))
        return True

    def _search(self, prefix: str, name: str) -> bool:
        path = self._tree.path(prefix + name)
        found = self._next.pop(path, None)
        if found is not None and _is_file(found):
            return True
        known = self._ways.get(prefix) or self._ways.get(name)
        if known is not None and (found := _file_on(path, known)) is not None:
            self._expect(path, found)
            return True
        way = _way_to_a_file(path)
        if way is None:
            return False
        if known is not None and len(known) == len(way):
            way = tuple(one if one == other else "" for one, other in zip(known, way, strict=True))
        for place in (prefix, name):
            self._ways.pop(place, None)
            self._ways[place] = way
        for place in list(islice(self._ways, max(0, len(self._ways) - WAYS))):
            self._ways.pop(place, None)
        return True

    def _expect(self, path: str, found: str) -> None:
        end = found.find("/", len(path) + 1)
        if end > 0:
            self._next[found[:end]] = found
            for place in list(islice(self._next, max(0, len(self._next) - NEXT))):
                self._next.pop(place, None)


def _file_on(path: str, way: Way) -> str | None:
    """Return the path of a file that matches a way, or None."""
    if "" not in way:
        file_path = "/".join((path, *way))
        return file_path if _is_file(file_path) else None
    index = way.index("")
    try:
        with os.scandir("/".join((path, *way[:index]))) as entries:
            for entry in islice(entries, TRIES):
                if is_key(entry.name) and (file := _file_on(entry.path, way[index + 1 :])) is not None:
                    return file
    except (FileNotFoundError, NotADirectoryError):
        pass
    return None


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _way_to_a_file(path: str, tries: int = TRIES) -> Way | None:
    """Return the shortest of a few relative paths to a file, with names that are valid in keys, or None."""
    ways: list[Way] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not is_key(entry.name):
                    continue
                if not entry.is_dir():
                    if entry.is_file():
                        return (entry.name,)
                elif (below := _way_to_a_file(entry.path, 1)) is not None:
                    ways.append((entry.name, *below))
                    if len(ways) == tries:
                        break
    except (FileNotFoundError, NotADirectoryError):
        pass
    return min(ways, key=len, default=None)
