"""Objects in the order of their keys, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.rooted import Root
from entrepot_storage_gcs.failures import Call
from entrepot_storage_gcs.objects import Objects, info_of

__all__ = ["list_objects"]

_key: Final = attrgetter("key")


def list_objects(
    objects: Objects, root: Root, call: Call, prefix: str, start_after: str, shallow: bool
) -> Iterator[ObjectInfo | Prefix]:
    """What lies below ``prefix`` after ``start_after``.

    Cloud Storage begins with the name that it is told, where there is one: that one is left out.
    """
    for items, prefixes in objects.pages(
        call, root.name(prefix), start=root.after(prefix, start_after), shallow=shallow
    ):
        found: list[ObjectInfo | Prefix] = []
        found += [info_of(key, item) for item in items if (key := root.key(item["name"])) is not None]
        found += [Prefix(key) for name in prefixes if (key := root.prefix(name)) is not None]
        # Of a page, the objects come first and then the prefixes.
        found.sort(key=_key)
        yield from (item for item in found if item.key > start_after)
