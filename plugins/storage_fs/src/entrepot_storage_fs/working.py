"""The driver's own files: objects that are being put, and uploads that nobody has committed yet."""

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

# No key can have this name, so nothing below it is ever an object.
NAME: Final = ".entrepot"

UPLOAD_TTL: Final = timedelta(days=8)
"""How long an upload is kept that nobody appends to: a day longer than the host keeps its records by default.

A host that is killed before it has noted down the state of a first append leaves bytes that nobody can abort.
"""

STAGED_TTL: Final = timedelta(days=1)
"""How long a staged file is kept: its content was in memory whole, so that nobody is writing it for so long."""

SWEEP: Final = timedelta(days=1)


class WorkingDirectory:
    """Files that no listing shows, on the filesystem that their content is published to."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.uploads = f"{tree.root}/{NAME}/uploads"
        self._staging = f"{tree.root}/{NAME}/staged"
        self._next_sweep = 0.0

    def staged(self) -> str:
        """A path for an object that is being put."""
        return f"{self._staging}/{os.urandom(16).hex()}"

    def create(self, path: str) -> int:
        """A new file, open for reading and writing."""
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
