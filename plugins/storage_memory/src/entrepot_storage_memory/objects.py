"""Stored objects, the keys they are listed by, and the reader of one of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from types import TracebackType
from typing import Final, Self

from entrepot_contract import ObjectInfo, Prefix
from entrepot_storage_memory.content import Content

PAGE: Final = 256


@dataclass(frozen=True, slots=True)
class Stored:
    info: ObjectInfo
    content: Content


class MemoryReader:
    """A part of one stored object; a later write to its key does not touch it."""

    def __init__(self, stored: Stored, start: int, end: int) -> None:
        self.info = stored.info
        self._chunks = stored.content.part(start, end)

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    def close(self) -> None:
        self._chunks = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Objects:
    """A map from keys to objects that is listed in order; every method is one step for other threads."""

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
        """Store a new object; None, and nothing stored, where the key has one."""
        with self._lock:
            if key in self._stored:
                return None
            return self._set(ObjectInfo(key, content.size, datetime.now(UTC), str(next(self._writes))), content)

    def remove(self, key: str) -> None:
        with self._lock:
            if self._stored.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def rename(self, source: str, target: str) -> ObjectInfo | None:
        """Give an object another key in one step; None if there is no ``source``."""
        with self._lock:
            stored = self._stored.pop(source, None)
            if stored is None:
                return None
            del self._keys[bisect_left(self._keys, source)]
            return self._set(replace(stored.info, key=target), stored.content)

    def listed(self, prefix: str, after: str, shallow: bool) -> Iterator[ObjectInfo | Prefix]:
        seek: str | None = max(prefix, after)
        while seek is not None:
            page, seek = self._page(seek, prefix, after, shallow)
            yield from page

    def _page(self, seek: str, prefix: str, after: str, shallow: bool) -> tuple[list[ObjectInfo | Prefix], str | None]:
        """What comes next, and from where to go on; None at the end. One lock for many entries."""
        page: list[ObjectInfo | Prefix] = []
        with self._lock:
            keys, at = self._keys, bisect_left(self._keys, seek)
            while len(page) < PAGE:
                if at >= len(keys) or not (key := keys[at]).startswith(prefix):
                    return page, None
                slash = key.find("/", len(prefix)) if shallow else -1
                if slash < 0:
                    if key > after:
                        page.append(self._stored[key].info)
                    at += 1
                    continue
                if (entry := key[: slash + 1]) > after:
                    page.append(Prefix(entry))
                # "0" is the character after "/": the first key that does not lie below the prefix just listed.
                at = bisect_left(keys, f"{key[:slash]}0", at + 1)
            return page, keys[at] if at < len(keys) else None

    def _set(self, info: ObjectInfo, content: Content) -> ObjectInfo:
        if info.key not in self._stored:
            insort(self._keys, info.key)
        self._stored[info.key] = Stored(info, content)
        return info
