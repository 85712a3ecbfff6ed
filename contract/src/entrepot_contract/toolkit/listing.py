"""``list_objects`` for a backend that returns sorted pages of keys."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from entrepot_contract.types import ObjectInfo, Prefix

__all__ = ["list_pages"]

_AFTER_ALL: Final = "~"
"""Sorts after every byte that a key may contain."""

_key: Final = attrgetter("key")


def list_pages(
    page: Callable[[str], Sequence[ObjectInfo]], prefix: str, start_after: str, *, shallow: bool
) -> Iterator[ObjectInfo | Prefix]:
    """Yield the entries of ``list_objects``, from pages that are fetched when they are needed.

    ``page(after)`` returns some of the objects whose keys are greater than ``after``, the first ones in the order of
    their bytes, or an empty sequence if there are none. With ``shallow``, everything below a common prefix is skipped:
    within a page without a comparison of each key, and beyond it with a new page.
    """
    after = max(prefix, start_after)
    while items := page(after):
        at = 0
        while at < len(items):
            info = items[at]
            if not info.key.startswith(prefix):
                return
            slash = info.key.find("/", len(prefix)) if shallow else -1
            if slash < 0:
                yield info
                after, at = info.key, at + 1
                continue
            folder = info.key[: slash + 1]
            if folder > start_after:
                yield Prefix(folder)
            after = folder + _AFTER_ALL
            at = bisect_right(items, after, lo=at, key=_key)
