"""Which directories have an object below them, found with as few looks as can be."""

from __future__ import annotations

import os
import stat
from itertools import islice
from typing import Final, TypeAlias

from entrepot_contract import is_key
from entrepot_storage_fs.tree import KEPT_LEVELS, Tree

__all__ = ["FilledDirectories"]

REMEMBERED: Final = 2**17
"""Directories that are remembered to have an object below them, at most."""

WAYS: Final = 256
NEXT: Final = 2048
TRIES: Final = 4
"""Ways that are remembered, at most, and those from the directories that are listed next; names that are tried where a
way has any name, and ways to choose from."""

Way: TypeAlias = tuple[str, ...]
"""The names from a directory down to a file; an empty one stands for any."""


class FilledDirectories:
    """Tells whether an object lies below a directory.

    Directories beside each other, and those of one name, are mostly alike: a tag has ``current/link``. So the way to
    an object in the last one is tried first, which takes one look instead of one for each level.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # Without this a listing of 1,000 tags would look at 1,000 files. It stays true because deletes prune: below
        # the levels that are kept, a directory that lost its last object is gone, and one that comes back is made for
        # an object. Wrong for as long as this process lives is only a directory that another program emptied and left
        # there, and a fresh empty one that got both the name and the inode number of one seen before.
        self._seen: set[tuple[str, int]] = set()
        self._ways: dict[str, Way] = {}
        # Who lists a directory mostly lists those in it next: the object that was found below one of them, by the path
        # of the directory in that, is looked at again then instead of being looked for.
        self._next: dict[str, str] = {}

    def holds(self, prefix: str, name: str, inode: int) -> bool:
        """Whether an object lies below the directory ``name`` in ``prefix``; raises OSError."""
        kept = prefix.count("/") < KEPT_LEVELS
        if not kept and (name, inode) in self._seen:
            return True
        if not self._look(prefix, name):
            return False
        if not kept:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen.add((name, inode))
        return True

    def _look(self, prefix: str, name: str) -> bool:
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
    """The path of a file that a way leads to, or None."""
    if "" not in way:
        whole = "/".join((path, *way))
        return whole if _is_file(whole) else None
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
    """The shortest of a few ways to a file whose name is a key, as those above it are, or None if there is none."""
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
