"""Counting log lines that say the same, so that a disk that is full is not filled by them."""

from __future__ import annotations

import time
from collections.abc import Hashable
from threading import Lock
from typing import Final

__all__ = ["Repeats"]

SECONDS: Final = 60.0
MOST: Final = 256


class Repeats:
    """Decides which lines of one kind are logged: one in ``seconds``, with the number of those before it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._kinds: dict[Hashable, tuple[float, int]] = {}

    def left_out(self, kind: Hashable) -> int | None:
        """How many lines of this kind were left out since the last one, or None where this one is left out too."""
        now = time.monotonic()
        with self._lock:
            logged, count = self._kinds.get(kind, (now - self._seconds, 0))
            if now - logged < self._seconds:
                self._kinds[kind] = logged, count + 1
                return None
            if len(self._kinds) >= MOST:
                self._kinds.clear()
            self._kinds[kind] = now, 0
            return count
