"""Listings in the order of the keys."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from operator import attrgetter
from typing import TypedDict

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.toolkit.prefix import Root
from entrepot_storage_s3.bucket import Bucket, etag_of
from entrepot_storage_s3.failures import Reporting

__all__ = ["Listing"]

_KEY = attrgetter("key")


class Place(TypedDict, total=False):
    """The start of a page."""

    StartAfter: str
    ContinuationToken: str


class Listing:
    """One listing below a prefix, page by page."""

    def __init__(self, bucket: Bucket, root: Root, prefix: str, after: str, *, shallow: bool) -> None:
        self._bucket = bucket
        self._root = root
        self._prefix = prefix
        self._after = after
        self._shallow = shallow
        self._report = Reporting("list_objects", prefix or None)

    def in_order(self) -> Iterator[ObjectInfo | Prefix]:
        """Yield all entries after ``after`` (of a Prefix: with its slash), from a server that sorts by bytes."""
        start = self._root.after(self._prefix, self._after)
        # S3 also returns a common prefix if only objects below it are after ``after``.
        pages = self._pages(self._prefix, start, shallow=self._shallow)
        yield from (item for page in pages for item in sorted(page, key=_KEY) if item.key > self._after)

    def by_segments(self) -> Iterator[ObjectInfo | Prefix]:
        """The same from a server that sorts by segments, where ``b/`` comes before ``b-c/``."""
        if self._after.startswith(self._prefix) or self._after < self._prefix:
            yield from self._below(self._prefix)

    def _below(self, prefix: str) -> Iterator[ObjectInfo | Prefix]:
        inside = self._after.removeprefix(prefix) if self._after.startswith(prefix) else ""
        first = inside.partition("/")[0]
        # Folders are held back until no name can follow that continues theirs with a byte that sorts before a slash.
        # Those that sort before ``first`` by segments, and after it by bytes, do not necessarily exist.
        held = [(name, False) for name in _stems(first)]
        start = self._root.name(prefix + first) if first else ""
        for page in self._pages(prefix, start, shallow=True):
            for item in sorted(page, key=lambda item: item.key.rstrip("/")):
                name = item.key[len(prefix) :].rstrip("/")
                if name <= first:
                    continue
                while held and not name.startswith((f"{held[-1][0]}-", f"{held[-1][0]}.")):
                    yield from self._folder(prefix, *held.pop())
                if isinstance(item, Prefix):
                    held.append((name, True))
                elif item.key > self._after:
                    yield item
        while held:
            yield from self._folder(prefix, *held.pop())

    def _folder(self, prefix: str, name: str, known: bool) -> Iterator[ObjectInfo | Prefix]:
        below = f"{prefix}{name}/"
        if not self._shallow:
            yield from self._below(below)
        elif below > self._after and (known or next(self._pages(below, "", shallow=True), None)):
            yield Prefix(below)

    def _pages(self, prefix: str, start: str, *, shallow: bool) -> Iterator[list[ObjectInfo | Prefix]]:
        """Yield the non-empty pages."""
        below, delimiter = self._root.name(prefix), "/" if shallow else ""
        # Sent only if it skips anything: SeaweedFS returns invalid names if it equals the prefix.
        place: Place = {"StartAfter": start} if start not in {"", below} else {}
        while True:
            with self._report:
                page = self._bucket.client.list_objects_v2(
                    Bucket=self._bucket.name, Prefix=below, Delimiter=delimiter, **place
                )
            found: list[ObjectInfo | Prefix] = [
                ObjectInfo(key, one["Size"], one["LastModified"], etag_of(one.get("ETag")))
                for one in page.get("Contents", [])
                if (key := self._root.key(one["Key"])) is not None
            ]
            prefixes = [self._root.prefix(one["Prefix"]) for one in page.get("CommonPrefixes", [])]
            found += [Prefix(key) for key in prefixes if key is not None]
            if found:
                yield found
            if not page["IsTruncated"]:
                return
            place = {"ContinuationToken": page["NextContinuationToken"]}


def _stems(name: str) -> list[str]:
    """Return the name and those of its prefixes that sort after it once a slash follows; shortest first."""
    return [stem for stem, end in zip(accumulate(name), [*name[1:], "/"], strict=True) if end in "-./"] if name else []
