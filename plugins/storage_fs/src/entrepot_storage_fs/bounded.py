"""A map whose values together weigh no more than a limit."""

from __future__ import annotations

from threading import Lock
from typing import Generic, TypeVar

__all__ = ["BoundedMap"]

Value = TypeVar("Value")


class BoundedMap(Generic[Value]):
    """Values by path, of at most ``limit`` bytes; thread-safe.

    A value that comes when the limit is reached takes the place of those that came first. Reading takes no lock and
    changes nothing, as it happens thousands of times a second.
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
        """The value, or None."""
        entry = self._entries.get(path)
        return None if entry is None else entry[0]

    def set(self, path: str, value: Value, weight: int) -> None:
        """Keep a value of ``weight`` bytes in place of an earlier one; none where it is too heavy alone."""
        with self._lock:
            self._drop(path)
            if weight > self._limit:
                return
            while self.weight + weight > self._limit:
                self._drop(next(iter(self._entries)))
            self._entries[path] = value, weight
            self.weight += weight

    def pop(self, path: str) -> None:
        """Drop a value, where there is one."""
        with self._lock:
            self._drop(path)

    def _drop(self, path: str) -> None:
        entry = self._entries.pop(path, None)
        if entry is not None:
            self.weight -= entry[1]
