"""Suppression of repeated log messages, so that they do not fill a full disk further."""

from __future__ import annotations

import time
from collections.abc import Hashable
from threading import Lock
from typing import Final

__all__ = ["Repeats"]

SECONDS: Final = 60.0
MAX_KINDS: Final = 256


class Repeats:
    """Decides which messages of one kind are logged: one per ``seconds``, with the number suppressed before."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._kinds: dict[Hashable, tuple[float, int]] = {}

    def left_out(self, kind: Hashable) -> int | None:
        """Returns how many messages of a kind were suppressed since the last one; None to suppress this one too."""
        now = time.monotonic()
        with self._lock:
            logged, count = self._kinds.get(kind, (now - self._seconds, 0))
            if now - logged < self._seconds:
                self._kinds[kind] = logged, count + 1
                return None
            if len(self._kinds) >= MAX_KINDS:
                self._kinds.clear()
            self._kinds[kind] = now, 0
            return count
