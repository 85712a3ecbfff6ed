"""Listings of blobs and common prefixes, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final, TypeAlias

from azure.core.exceptions import ServiceResponseError
from azure.storage.blob import BlobPrefix, BlobProperties

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.toolkit.prefix import Root
from entrepot_storage_azure.account import Account

__all__ = ["info_of", "listing"]

Item: TypeAlias = BlobProperties | BlobPrefix

PAGE: Final = 1000
"""Page size; Azure returns up to 5,000 blobs, which the SDK parses for seconds before it yields the first one."""


def info_of(key: str, blob: BlobProperties, size: int | None = None) -> ObjectInfo:
    """Return the info of an object; the etag is quoted in response headers, and not in listings.

    Raises ServiceResponseError if the response is incomplete: the SDK takes a connection that ends within the headers
    for a response without the others.
    """
    found: tuple[object, ...] = (blob.last_modified, blob.etag, blob.size)  # the SDK's annotations deny that
    if None in found:
        raise ServiceResponseError("the response is incomplete")
    return ObjectInfo(key, blob.size if size is None else size, blob.last_modified, blob.etag.strip('"'))


def _pages(pages: Iterator[Iterator[Item]]) -> Iterator[list[Item]]:
    """Yield pages sorted by name: in those of the SDK, prefixes precede blobs."""
    while True:
        try:
            page = sorted(next(pages), key=attrgetter("name"))
        except StopIteration:
            return
        except (AttributeError, TypeError, ValueError) as error:
            # As above: here, the body is missing.
            raise ServiceResponseError("the response is incomplete", error=error) from error
        yield page


def listing(
    account: Account, root: Root, prefix: str, start_after: str, shallow: bool
) -> Iterator[ObjectInfo | Prefix]:
    """Yield everything below ``prefix`` after ``start_after``, from pages sorted by Azure."""
    after = root.after(prefix, start_after)
    name = root.name(prefix)
    container = account.container
    found = container.walk_blobs(name) if shallow else container.list_blobs(name, results_per_page=PAGE)
    for page in _pages(found.by_page()):
        for item in page:
            if item.name <= after:
                continue
            if isinstance(item, BlobPrefix):
                inside = root.prefix(item.name)
                if inside is not None:
                    yield Prefix(inside)
            elif (key := root.key(item.name)) is not None:
                yield info_of(key, item)
