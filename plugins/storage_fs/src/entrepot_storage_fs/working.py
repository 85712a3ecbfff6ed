"""The driver's working files: objects that are being put, and uploads that are not committed yet."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

from entrepot_storage_fs.tree import Tree

__all__ = ["UPLOAD_TTL", "WorkingDirectory"]

_log = logging.getLogger(__name__)

# Not a valid key, so nothing below it is ever an object.
NAME: Final = ".entrepot"

UPLOAD_TTL: Final = timedelta(days=8)
"""How long an idle upload is kept: a day longer than the host keeps its records by default.

If a host is killed before it has stored the state of a first append, the upload cannot be aborted.
"""

STAGED_TTL: Final = timedelta(days=1)
"""How long a staged file is kept: its content was completely in memory, so no write takes this long."""

SWEEP: Final = timedelta(days=1)


class WorkingDirectory:
    """Files that are never listed, on the same filesystem as the objects."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.uploads = f"{tree.root}/{NAME}/uploads"
        self._staging = f"{tree.root}/{NAME}/staged"
        self._next_sweep = 0.0

    def staged(self) -> str:
        """Return a new path for an object that is being put."""
        return f"{self._staging}/{os.urandom(16).hex()}"

    def create(self, path: str) -> int:
        """Create a file and return it open for reading and writing."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        if time.monotonic() < self._next_sweep:
            with suppress(FileNotFoundError):
                return os.open(path, flags, 0o644)
        self._tree.make(self.uploads)
        self._tree.make(self._staging)
        self._tree.check()
        self._next_sweep = time.monotonic() + SWEEP.total_seconds()
        _sweep(self._staging, STAGED_TTL)
        _sweep(self.uploads, UPLOAD_TTL)
        return os.open(path, flags, 0o644)


def _sweep(directory: str, ttl: timedelta) -> None:
    oldest = time.time() - ttl.total_seconds()
    swept = size = left = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                status = entry.stat()
                if status.st_mtime >= oldest:
                    left += 1
                    continue
                os.unlink(entry.path)
                swept, size = swept + 1, size + status.st_size
    if swept:
        _log.info("working files swept: directory=%s files=%d bytes=%d left=%d", directory, swept, size, left)
