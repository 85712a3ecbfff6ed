"""Union and comparison of two listings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from heapq import merge
from itertools import groupby

from entrepot_contract import ObjectInfo, Prefix, StorageError

__all__ = ["differing", "merged"]

_log = logging.getLogger("entrepot.storage.mirror")

Item = ObjectInfo | Prefix


def merged(first: Iterator[Item], second: Iterator[Item]) -> Iterator[Item]:
    """Yield the union of two listings in the order of keys; entries of both are taken from the first.

    A side that fails before its first item is skipped if the other one works, because both have every acknowledged
    write. Raises the error of a side that fails later, or of the first if both fail.
    """
    sides = [_Side(first), _Side(second)]
    able = [side for side in sides if side.error is None]
    if not able and sides[0].error is not None:
        raise sides[0].error
    for place, side in zip(("first", "second"), sides, strict=True):
        if side.error is not None:
            _log.warning("%s side cannot list, using the other side: %s", place, side.error)
    last = None
    for item in merge(*able, key=lambda item: item.key):
        if item.key != last:
            last = item.key
            yield item


def differing(first: Iterator[Item], second: Iterator[Item]) -> Iterator[tuple[str, bool]]:
    """Yield keys that are in one listing only, or in both with different sizes, and whether the first has them."""
    items = merge(((item, True) for item in first), ((item, False) for item in second), key=lambda each: each[0].key)
    for key, same in groupby(items, key=lambda each: each[0].key):
        found = [(item.size if isinstance(item, ObjectInfo) else 0, by_first) for item, by_first in same]
        if len(found) == 1 or found[0][0] != found[1][0]:
            yield key, found[0][1]


class _Side:
    """A listing whose first item has been requested."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._head: list[Item] = []
        self.error: StorageError | None = None
        try:
            self._head += [item for item in (next(items, None),) if item is not None]
        except StorageError as error:
            self.error = error

    def __iter__(self) -> Iterator[Item]:
        yield from self._head
        yield from self._items
