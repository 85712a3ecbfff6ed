"""In-memory cache for content by digest, and for recent observations of the storage."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Cache"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """A bounded LRU cache; thread-safe.

    - ``limit`` is in the unit of the weights: bytes if entries differ in size.
    - ``max_age`` is the lifetime of an entry in seconds; None means unlimited.
    """

    def __init__(
        self, limit: int, *, max_age: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._max_age = max_age
        self._clock = clock
        self._weight = 0
        self._entries: OrderedDict[Key, tuple[Value, int, float]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """Returns the value, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if self._max_age is not None and self._clock() - entry[2] > self._max_age:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def set(self, key: Key, value: Value, weight: int = 1) -> None:
        """Store a value, and evict others until all fit; a value that exceeds the limit alone is not stored."""
        now = 0.0 if self._max_age is None else self._clock()
        with self._lock:
            self._drop(key)
            if weight > self._limit:
                return
            self._entries[key] = (value, weight, now)
            self._weight += weight
            while self._weight > self._limit:
                self._weight -= self._entries.popitem(last=False)[1][1]

    def pop(self, key: Key) -> Value | None:
        """Remove and return a value, or None."""
        with self._lock:
            return self._drop(key)

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._entries.clear()
            self._weight = 0

    def _drop(self, key: Key) -> Value | None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._weight -= entry[1]
        return entry[0]
