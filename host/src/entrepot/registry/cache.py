"""What is kept in memory: content that its digest names, and for a while what was seen in the storage."""

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
    """A bounded map that drops what was not used for longest; safe between threads.

    - ``limit`` is in the unit of the weights, which is bytes wherever entries differ in size.
    - ``max_age`` is in seconds since an entry was set, after which it is gone; None keeps it.
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
        """The value, or None."""
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
        """Keep a value, and drop others until all fit; one that is too heavy alone is not kept."""
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
        """Take a value out."""
        with self._lock:
            return self._drop(key)

    def clear(self) -> None:
        """Take all values out."""
        with self._lock:
            self._entries.clear()
            self._weight = 0

    def _drop(self, key: Key) -> Value | None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._weight -= entry[1]
        return entry[0]
