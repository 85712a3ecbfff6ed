"""Objects in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TypedDict

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.rooted import Root
from entrepot_storage_s3.bucket import Bucket, etag_of
from entrepot_storage_s3.failures import Reporting

__all__ = ["listing"]


class Place(TypedDict, total=False):
    """Where a page begins."""

    StartAfter: str
    ContinuationToken: str


def listing(bucket: Bucket, root: Root, prefix: str, after: str, *, shallow: bool) -> Iterator[ObjectInfo | Prefix]:
    """Everything below ``prefix`` whose key (for a Prefix: with its slash) comes after ``after``, page by page."""
    report = Reporting("list_objects", prefix or None)
    below, delimiter = root.name(prefix), "/" if shallow else ""
    start = root.after(prefix, after)
    # Said only where it leaves something out: SeaweedFS gives what is no name after a name that is the prefix.
    place: Place = {"StartAfter": start} if start != below else {}
    while True:
        with report:
            page = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=below, Delimiter=delimiter, **place)
        found: list[ObjectInfo | Prefix] = [
            ObjectInfo(key, one["Size"], one["LastModified"], etag_of(one.get("ETag")))
            for one in page.get("Contents", [])
            if (key := root.key(one["Key"])) is not None
        ]
        prefixes = [root.prefix(one["Prefix"]) for one in page.get("CommonPrefixes", [])]
        found += [Prefix(key) for key in prefixes if key is not None]
        found.sort(key=attrgetter("key"))
        # S3 gives a common prefix again for each object below it that comes after ``after``.
        yield from (item for item in found if item.key > after)
        if not page["IsTruncated"]:
            return
        place = {"ContinuationToken": page["NextContinuationToken"]}
