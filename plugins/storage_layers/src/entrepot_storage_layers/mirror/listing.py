"""Two listings as one, and what differs between them."""

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
    """The union of two listings in the order of keys; what both have comes from the first.

    One that fails before its first item is left out where the other one answers: both hold every write that was
    acknowledged. Raises the error of one that fails later, or of the first where both fail.
    """
    sides = [_Side(first), _Side(second)]
    able = [side for side in sides if side.error is None]
    if not able and sides[0].error is not None:
        raise sides[0].error
    for place, side in zip(("first", "second"), sides, strict=True):
        if side.error is not None:
            _log.warning("the %s side cannot list, and the other one answers: %s", place, side.error)
    last = None
    for item in merge(*able, key=lambda item: item.key):
        if item.key != last:
            last = item.key
            yield item


def differing(first: Iterator[Item], second: Iterator[Item]) -> Iterator[tuple[str, bool]]:
    """The keys that only one of two listings has, or both with another size, and whether the first has them."""
    told = merge(((item, True) for item in first), ((item, False) for item in second), key=lambda each: each[0].key)
    for key, same in groupby(told, key=lambda each: each[0].key):
        found = [(item.size if isinstance(item, ObjectInfo) else 0, by_first) for item, by_first in same]
        if len(found) == 1 or found[0][0] != found[1][0]:
            yield key, found[0][1]


class _Side:
    """A listing whose first item was asked for."""

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
