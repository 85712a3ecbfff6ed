"""Stored objects, their sorted keys, and their reader."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from typing import Final

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.toolkit.listing import list_pages
from entrepot_contract.toolkit.reading import GeneratedReader
from entrepot_storage_memory.content import Content

PAGE: Final = 256


@dataclass(frozen=True, slots=True)
class Stored:
    info: ObjectInfo
    content: Content


class MemoryReader(GeneratedReader):
    """A range of one stored object; not affected by later writes to its key."""

    def __init__(self, stored: Stored, start: int, end: int) -> None:
        super().__init__(stored.content.part(start, end))
        self.info = stored.info


class Objects:
    """A sorted map from keys to objects; every method is atomic."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stored: dict[str, Stored] = {}
        self._keys: list[str] = []
        self._writes = count(1)

    def get(self, key: str) -> Stored | None:
        return self._stored.get(key)

    def set(self, key: str, content: Content) -> ObjectInfo:
        with self._lock:
            return self._set(ObjectInfo(key, content.size, datetime.now(UTC), str(next(self._writes))), content)

    def create(self, key: str, content: Content) -> ObjectInfo | None:
        """Store a new object; return None, without storing it, if the key already exists."""
        with self._lock:
            if key in self._stored:
                return None
            return self._set(ObjectInfo(key, content.size, datetime.now(UTC), str(next(self._writes))), content)

    def remove(self, key: str) -> None:
        with self._lock:
            self._remove(key)

    def remove_unchanged(self, info: ObjectInfo) -> bool:
        """Remove an object if it is still the one that was described; return whether it was."""
        with self._lock:
            stored = self._stored.get(info.key)
            if stored is None or stored.info.etag != info.etag:
                return False
            self._remove(info.key)
            return True

    def rename(self, source: str, target: str) -> ObjectInfo | None:
        """Move an object to another key; return None if ``source`` does not exist."""
        with self._lock:
            stored = self._stored.pop(source, None)
            if stored is None:
                return None
            del self._keys[bisect_left(self._keys, source)]
            return self._set(replace(stored.info, key=target), stored.content)

    def listed(self, prefix: str, after: str, shallow: bool) -> Iterator[ObjectInfo | Prefix]:
        return list_pages(self._page, prefix, after, shallow=shallow)

    def _page(self, after: str) -> list[ObjectInfo]:
        with self._lock:
            start = bisect_right(self._keys, after)
            return [self._stored[key].info for key in self._keys[start : start + PAGE]]

    def _remove(self, key: str) -> None:
        if self._stored.pop(key, None) is not None:
            del self._keys[bisect_left(self._keys, key)]

    def _set(self, info: ObjectInfo, content: Content) -> ObjectInfo:
        if info.key not in self._stored:
            insort(self._keys, info.key)
        self._stored[info.key] = Stored(info, content)
        return info
