"""Blobs and their common prefixes in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from azure.storage.blob import BlobPrefix, BlobProperties

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.rooted import Root
from entrepot_storage_azure.account import Account

__all__ = ["info_of", "listing"]

PAGE: Final = 1000
"""Azure gives up to 5,000 blobs at a time, which take the SDK seconds to parse before the first one is there."""


def info_of(key: str, blob: BlobProperties, size: int | None = None) -> ObjectInfo:
    """The info of an object; an answer's header quotes the etag, and a listing does not."""
    return ObjectInfo(key, blob.size if size is None else size, blob.last_modified, (blob.etag or "").strip('"'))


def listing(
    account: Account, root: Root, prefix: str, start_after: str, shallow: bool
) -> Iterator[ObjectInfo | Prefix]:
    """Everything below ``prefix`` after ``start_after``, from pages that Azure sorts."""
    after = root.after(prefix, start_after)
    name = root.name(prefix)
    container = account.container
    found = container.walk_blobs(name) if shallow else container.list_blobs(name, results_per_page=PAGE)
    for page in found.by_page():
        # In each page of the SDK the prefixes come before the blobs.
        for item in sorted(page, key=attrgetter("name")):
            if item.name <= after:
                continue
            if isinstance(item, BlobPrefix):
                inside = root.prefix(item.name)
                if inside is not None:
                    yield Prefix(inside)
            elif (key := root.key(item.name)) is not None:
                yield info_of(key, item)
