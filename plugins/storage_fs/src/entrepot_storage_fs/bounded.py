"""A map with a limit on the total weight of its values."""

from __future__ import annotations

from threading import Lock
from typing import Generic, TypeVar

__all__ = ["BoundedMap"]

Value = TypeVar("Value")


class BoundedMap(Generic[Value]):
    """Values by path, of at most ``limit`` bytes in total; thread-safe.

    When the limit is exceeded, the oldest entries are evicted (first in, first out). Reads take no lock and do not
    change the order, because they happen thousands of times per second.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[str, tuple[Value, int]] = {}
        self._lock = Lock()
        self.weight = 0
        """Bytes."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, path: str) -> Value | None:
        """Return the value, or None."""
        entry = self._entries.get(path)
        return None if entry is None else entry[0]

    def set(self, path: str, value: Value, weight: int) -> None:
        """Store a value of ``weight`` bytes, replacing an earlier one; not stored if it exceeds the limit alone."""
        with self._lock:
            self._drop(path)
            if weight > self._limit:
                return
            while self.weight + weight > self._limit:
                self._drop(next(iter(self._entries)))
            self._entries[path] = value, weight
            self.weight += weight

    def pop(self, path: str) -> None:
        """Remove the value of a path, if any."""
        with self._lock:
            self._drop(path)

    def _drop(self, path: str) -> None:
        entry = self._entries.pop(path, None)
        if entry is not None:
            self.weight -= entry[1]
