"""The directories under the root: they come with the first object below them and go with the last."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from entrepot_contract import ConfigError, ObjectInfo
from entrepot_storage_fs.bounded import BoundedMap
from entrepot_storage_fs.failures import failure

__all__ = ["KEPT_LEVELS", "Tree", "info_of", "seal", "sync_directory"]

RETRIES: Final = 100

BUDGET: Final = 2**20
OVERHEAD: Final = 300
"""Bytes: of the directories that are known to survive power loss, and what one takes beside its path, at most."""

KEPT_LEVELS: Final = 3
"""So many levels below the root keep their directories when they get empty.

They come again with the next object, and would be made and synced for each of many short-lived ones.
"""


class Tree:
    """Objects as files below one root, each at the path that is its key."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._checked = False
        self._durable: BoundedMap[int] = BoundedMap(BUDGET)

    def path(self, key: str) -> str:
        if not self._checked:
            self.check()
        return f"{self.root}/{key}"

    def check(self) -> None:
        """Refuse a root that is no directory or cannot tell names apart by case, once there is a name to try."""
        try:
            names = [name for name in os.listdir(self.root) if name != name.swapcase()]
        except FileNotFoundError:
            return
        except NotADirectoryError as error:
            raise _wrong_root(f"{self.root} is a file; name a directory") from error
        if names and _same_file(f"{self.root}/{names[0]}", f"{self.root}/{names[0].swapcase()}"):
            raise _wrong_root(
                f"{self.root} does not tell upper from lower case, so that the tags v1 and V1 would be one; "
                "name a directory on a case-sensitive filesystem"
            )
        self._checked = bool(names)

    def is_writable(self) -> bool:
        """Whether the root, or where it would be made, lets this process write."""
        place = self.root
        while not os.path.exists(place) and place != os.path.dirname(place):
            place = os.path.dirname(place)
        return os.access(place, os.W_OK | os.X_OK)

    def publish(self, source: str, target: str, *, create: bool = False) -> None:
        """Give a whole file its place, durably.

        Raises FileNotFoundError if ``source`` is gone, FileExistsError where ``create`` meets an object.
        """
        parent = os.path.dirname(target)
        for _ in range(RETRIES):
            try:
                (os.link if create else os.replace)(source, target)
                break
            except FileNotFoundError:
                # Either the parent is not there yet, or a delete that ran meanwhile has pruned it.
                if not os.path.lexists(source):
                    raise
                self.make(parent)
            except (FileExistsError, IsADirectoryError):
                if not _remove_empty(target):
                    raise
        else:
            raise TimeoutError(f"deletes took its directory away {RETRIES} times")
        self._sync_up_from(parent)

    def make(self, directory: str) -> None:
        """Make a directory and those missing above it; one outside the root durably, as nothing syncs that later."""
        above = os.path.dirname(directory)
        for _ in range(RETRIES):
            try:
                os.mkdir(directory)
            except FileExistsError:
                return
            except FileNotFoundError:
                self.make(above)
            else:
                # Filesystems give it the number of one of its name that was removed, so that it would be taken for it.
                self._durable.pop(directory)
                if len(directory) <= len(self.root):
                    sync_directory(above)
                return
        raise TimeoutError(f"deletes took the directory above it away {RETRIES} times")

    def prune(self, directory: str) -> str:
        """Remove a directory and those above it as far as they are empty, down from the levels that are kept.

        Returns the directory that was not removed.
        """
        # An empty directory that cannot be removed is never listed, so the delete that left it is whole.
        with suppress(OSError):
            while directory[len(self.root) :].count("/") > KEPT_LEVELS:
                os.rmdir(directory)
                directory = os.path.dirname(directory)
        return directory

    def sync_removed(self, directories: Iterable[str]) -> None:
        """Make it survive power loss that names have gone from these directories."""
        synced: set[str] = set()
        for directory in directories:
            # Where another delete has pruned it meanwhile, a name has gone from the one above.
            while directory not in synced and sync_directory(directory) is None and directory != self.root:
                directory = os.path.dirname(directory)
            synced.add(directory)

    def _sync_up_from(self, directory: str) -> None:
        # Another process may have made one of these directories just now, and not have synced the one above it yet.
        # So each is synced by every process that comes to it first, and is known by its inode number after that.
        inode = sync_directory(directory)
        while directory != self.root and inode is not None and self._durable.get(directory) != inode:
            above = os.path.dirname(directory)
            inode_above = sync_directory(above)
            self._durable.set(directory, inode, len(directory) + OVERHEAD)
            directory, inode = above, inode_above


def _remove_empty(path: str) -> bool:
    """Whether there was a directory with no file anywhere below it, which is gone now."""
    if not os.path.isdir(path):
        return False
    with os.scandir(path) as entries:
        if not all(_remove_empty(entry.path) for entry in entries):
            return False
    os.rmdir(path)
    return True


def sync_directory(directory: str) -> int | None:
    """Make the entries of a directory survive power loss; its inode number, or None if it is not there."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None  # whoever removed it has deleted the object meanwhile
    try:
        os.fsync(fd)
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


def seal(fd: int) -> os.stat_result:
    """Make the content of a staged file survive power loss; its last status before it is published."""
    # The kernel's own times stand still for milliseconds and inode numbers come again, so that an object replaced
    # twice at once could get its first etag back.
    now = time.time_ns()
    os.utime(fd, ns=(now, now))
    os.fsync(fd)
    return os.fstat(fd)


def info_of(key: str, status: os.stat_result) -> ObjectInfo:
    return _info(key, status.st_size, status.st_ino, status.st_mtime_ns, status.st_mtime)


@lru_cache(maxsize=4096)
def _info(key: str, size: int, inode: int, nanoseconds: int, seconds: float) -> ObjectInfo:
    # Remembered, as to write times and numbers down takes as long as to read a link.
    return ObjectInfo(key, size, datetime.fromtimestamp(seconds, UTC), f"{inode:x}-{nanoseconds:x}-{size:x}")


def _wrong_root(message: str) -> ConfigError:
    return failure(ConfigError, "configure", None, f"option 'rootdirectory': {message}")


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except FileNotFoundError:
        return False
