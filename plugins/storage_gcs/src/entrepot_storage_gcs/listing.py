"""Listings in the order of the keys, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.toolkit.prefix import Root
from entrepot_storage_gcs.failures import Call
from entrepot_storage_gcs.objects import Objects, info_of

__all__ = ["list_objects"]

_key: Final = attrgetter("key")


def list_objects(
    objects: Objects, root: Root, call: Call, prefix: str, start_after: str, shallow: bool
) -> Iterator[ObjectInfo | Prefix]:
    """Yield the entries below ``prefix`` after ``start_after``.

    The start offset of Cloud Storage is inclusive, so an entry with this name is skipped.
    """
    for items, prefixes in objects.pages(
        call, root.name(prefix), start=root.after(prefix, start_after), shallow=shallow
    ):
        found: list[ObjectInfo | Prefix] = []
        found += [info_of(key, item) for item in items if (key := root.key(item["name"])) is not None]
        found += [Prefix(key) for name in prefixes if (key := root.prefix(name)) is not None]
        # A page contains objects first and then prefixes.
        found.sort(key=_key)
        yield from (item for item in found if item.key > start_after)
