"""The directory tree below the root: directories are created for the first object and removed with the last."""

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
"""Maximum size in bytes of the cache of directories known to be durable, and the memory overhead of one entry."""

KEPT_LEVELS: Final = 3
"""Number of levels below the root whose directories are kept when they become empty.

Otherwise, they would be created and synced again for each of many short-lived objects.
"""


class Tree:
    """Objects as files below one root; the key is the relative path."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._checked = False
        self._durable: BoundedMap[int] = BoundedMap(BUDGET)

    def path(self, key: str) -> str:
        if not self._checked:
            self.check()
        return f"{self.root}/{key}"

    def check(self) -> None:
        """Raise ConfigError if the root is not a directory, or is case-insensitive (once it contains a name)."""
        try:
            names = [name for name in os.listdir(self.root) if name != name.swapcase()]
        except FileNotFoundError:
            return
        except NotADirectoryError as error:
            raise _wrong_root(f"{self.root} is a file; use a directory") from error
        if names and _same_file(f"{self.root}/{names[0]}", f"{self.root}/{names[0].swapcase()}"):
            raise _wrong_root(
                f"{self.root} is case-insensitive, so the tags v1 and V1 would be the same; "
                "use a directory on a case-sensitive filesystem"
            )
        self._checked = bool(names)

    def is_writable(self) -> bool:
        """Return whether this process can write to the root, or to the directory in which it would be created."""
        place = self.root
        while not os.path.exists(place) and place != os.path.dirname(place):
            place = os.path.dirname(place)
        return os.access(place, os.W_OK | os.X_OK)

    def publish(self, source: str, target: str, *, create: bool = False, durable: bool = True) -> None:
        """Move a complete file to its target; with ``durable``, it stays there after power loss.

        Raises FileNotFoundError if ``source`` is gone, FileExistsError if ``create`` is set and the target exists.
        """
        parent = os.path.dirname(target)
        for _ in range(RETRIES):
            try:
                (os.link if create else os.replace)(source, target)
                break
            except FileNotFoundError:
                # Either the parent does not exist yet, or a concurrent delete has pruned it.
                if not os.path.lexists(source):
                    raise
                self.make(parent)
            except (FileExistsError, IsADirectoryError):
                if not _remove_empty(target):
                    raise
        else:
            raise TimeoutError(f"concurrent deletes removed the directory {RETRIES} times")
        if durable:
            self._sync_up_from(parent)

    def make(self, directory: str) -> None:
        """Create a directory and its missing parents; durably outside the root, because nothing syncs those later."""
        above = os.path.dirname(directory)
        for _ in range(RETRIES):
            try:
                os.mkdir(directory)
            except FileExistsError:
                return
            except FileNotFoundError:
                self.make(above)
            else:
                # Filesystems may reuse the inode number of a removed directory of the same name.
                self._durable.pop(directory)
                if len(directory) <= len(self.root):
                    sync_directory(above)
                return
        raise TimeoutError(f"concurrent deletes removed the parent directory {RETRIES} times")

    def prune(self, directory: str) -> str:
        """Remove a directory and its parents while they are empty and below the levels that are kept.

        Returns the first directory that was not removed.
        """
        # An empty directory that cannot be removed is never listed, so the delete is still complete.
        with suppress(OSError):
            while directory[len(self.root) :].count("/") > KEPT_LEVELS:
                os.rmdir(directory)
                directory = os.path.dirname(directory)
        return directory

    def sync_removed(self, directories: Iterable[str]) -> None:
        """Make the removal of names from these directories durable."""
        synced: set[str] = set()
        for directory in directories:
            # If a concurrent delete has pruned the directory, its name was removed from the parent.
            while directory not in synced and sync_directory(directory) is None and directory != self.root:
                directory = os.path.dirname(directory)
            synced.add(directory)

    def _sync_up_from(self, directory: str) -> None:
        # Another process may have created one of these directories without having synced its parent yet. Each process
        # therefore syncs every directory on first use, and then remembers its inode number.
        inode = sync_directory(directory)
        while directory != self.root and inode is not None and self._durable.get(directory) != inode:
            above = os.path.dirname(directory)
            inode_above = sync_directory(above)
            self._durable.set(directory, inode, len(directory) + OVERHEAD)
            directory, inode = above, inode_above


def _remove_empty(path: str) -> bool:
    """Remove a directory tree that contains no files; return whether it was removed."""
    if not os.path.isdir(path):
        return False
    with os.scandir(path) as entries:
        if not all(_remove_empty(entry.path) for entry in entries):
            return False
    os.rmdir(path)
    return True


def sync_directory(directory: str) -> int | None:
    """Make the entries of a directory durable; return its inode number, or None if it does not exist."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None  # removed by a concurrent delete of the object
    try:
        os.fsync(fd)
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


def seal(fd: int, *, durable: bool = True) -> os.stat_result:
    """Return the last status of a staged file before it is published; with ``durable``, write its content to disk."""
    # The kernel's timestamps have a resolution of milliseconds and inode numbers are reused, so an object that is
    # replaced twice in a short time could get its first etag again.
    now = time.time_ns()
    os.utime(fd, ns=(now, now))
    if durable:
        os.fsync(fd)
    return os.fstat(fd)


def info_of(key: str, status: os.stat_result) -> ObjectInfo:
    return _info(key, status.st_size, status.st_ino, status.st_mtime_ns, status.st_mtime)


@lru_cache(maxsize=4096)
def _info(key: str, size: int, inode: int, nanoseconds: int, seconds: float) -> ObjectInfo:
    # Cached, because formatting times and numbers takes as long as reading a link.
    return ObjectInfo(key, size, datetime.fromtimestamp(seconds, UTC), f"{inode:x}-{nanoseconds:x}-{size:x}")


def _wrong_root(message: str) -> ConfigError:
    return failure(ConfigError, "configure", None, f"option 'rootdirectory': {message}")


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except FileNotFoundError:
        return False
