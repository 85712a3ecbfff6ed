"""Counts of what this process has open, for tests of what calls leave behind."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Final

__all__ = ["open_resources"]

DESCRIPTORS: Final = "/dev/fd"


def open_resources(*ignored: str) -> tuple[int, int]:
    """Return the number of file descriptors, except those of the ``ignored`` files, and of threads of this process."""
    descriptors = os.listdir(DESCRIPTORS)
    return sum(_counts(each, ignored) for each in descriptors) if ignored else len(
        descriptors
    ), threading.active_count()


def _counts(descriptor: str, ignored: tuple[str, ...]) -> bool:
    with suppress(OSError):  # that of the listing itself is closed
        return os.readlink(f"{DESCRIPTORS}/{descriptor}") not in ignored
    return False
