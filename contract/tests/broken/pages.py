"""Drivers whose listings go wrong at the ends of pages, at odd arguments, or beside writers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import Chunks, NotFound, ObjectInfo, Prefix, UploadState

Items = Iterator[ObjectInfo | Prefix]
MATCHES = "test_list_matches_a_model_for_any_arguments"
JOINS = "test_list_joins_pages_without_gaps_or_repeats"


@caught_by(MATCHES)
class ListFoldsTheCase(HonestDriver):
    """Sorts without regard to the case, as a locale does."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        found = list(super().list_objects(prefix, start_after=start_after, shallow=shallow))
        return iter(sorted(found, key=lambda item: item.key.lower()))


@caught_by(MATCHES)
class ListStartsInsideThePrefix(HonestDriver):
    """Takes ``start_after`` for a name below the prefix if it is not below it."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        if start_after and not start_after.startswith(prefix):
            start_after = prefix + start_after
        return super().list_objects(prefix, start_after=start_after, shallow=shallow)


@caught_by(MATCHES)
class ListShallowRepeatsThePrefix(HonestDriver):
    """Repeats a common prefix if ``start_after`` is a key below it."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        head, slash, _ = start_after[len(prefix) :].partition("/")
        if shallow and slash and start_after.startswith(prefix):
            for item in super().list_objects(prefix, shallow=shallow):
                if item.key > start_after or item.key == f"{prefix}{head}/":
                    yield item
            return
        yield from super().list_objects(prefix, start_after=start_after, shallow=shallow)


@caught_by(MATCHES)
class ListShallowForgetsWhereToStart(HonestDriver):
    """Ignores ``start_after`` of a shallow listing below a prefix of two segments."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        if shallow and prefix.count("/") > 1:
            start_after = ""
        return super().list_objects(prefix, start_after=start_after, shallow=shallow)


@caught_by(MATCHES)
class ListSkipsPrefixesThatAreEqual(HonestDriver):
    """Skips all objects below ``start_after`` if that is a common prefix."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if not (start_after.endswith("/") and len(start_after) > len(prefix) and item.key.startswith(start_after)):
                yield item


@caught_by(MATCHES)
class ListRefusesToStartBehind(HonestDriver):
    """Raises if ``start_after`` is behind everything below the prefix."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        if prefix and start_after and start_after[: len(prefix)] > prefix:
            raise self.fail(NotFound, "list_objects", prefix)
        return super().list_objects(prefix, start_after=start_after, shallow=shallow)


class Paged(HonestDriver):
    """Lists in pages of ``page`` keys, and continues each with ``after``."""

    page = 1000

    def after(self, last: ObjectInfo | Prefix) -> str:
        return last.key

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        while True:
            found = super().list_objects(prefix, start_after=start_after, shallow=shallow)
            items = list(islice(found, self.page))
            yield from items
            if len(items) < self.page:
                return
            start_after = self.after(items[-1])


@caught_by(JOINS)
class ListEndsWithAFullPage(Paged):
    """Ends if the second page is full, because it compares with the number of all keys."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        return islice(super().list_objects(prefix, start_after=start_after, shallow=shallow), 2 * self.page - 1)


@caught_by(JOINS)
class ListContinuesBehindThePrefix(Paged):
    """Continues behind a common prefix that ends a page as if it were an object, and so repeats it."""

    def after(self, last: ObjectInfo | Prefix) -> str:
        return last.key.rstrip("/")


@caught_by(JOINS)
class ListSkipsBehindAPage(Paged):
    """Skips keys that have the last key of a page as their text prefix."""

    def after(self, last: ObjectInfo | Prefix) -> str:
        return f"{last.key}-~"


@caught_by(JOINS)
class ListSharesItsPlace(HonestDriver):
    """Has one cursor for all listings of the driver."""

    place: Items = iter(())

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        self.place = super().list_objects(prefix, start_after=start_after, shallow=shallow)
        while (item := next(self.place, None)) is not None:
            yield item


@caught_by(JOINS)
class ListCountsItsPlace(HonestDriver):
    """Continues at a number of keys instead of after a key, and so loses or repeats some beside writers."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for at in range(0, 10**6, 100):
            found = super().list_objects(prefix, start_after=start_after, shallow=shallow)
            page = list(islice(found, at, at + 100))
            yield from page
            if len(page) < 100:
                return


@caught_by(JOINS)
class ListStopsAtDeletedKeys(Paged):
    """Ends silently if the last key of a page is deleted before the next page is fetched."""

    page = 50

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for number, item in enumerate(super().list_objects(prefix, start_after=start_after, shallow=shallow)):
            yield item
            if number % self.page == self.page - 1 and isinstance(item, ObjectInfo):
                try:
                    self.stat(item.key)
                except NotFound:
                    return


@caught_by("test_list_never_shows_large_uploads")
class ListShowsParts(HonestDriver):
    """Stores the parts of large uploads among the objects."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        whole = b"".join(bytes(chunk) for chunk in data)
        if len(whole) >= self.capabilities.part_size_hint:
            self.put(f"{state.key}.part", whole)
        return super().upload_append(state, [whole])

    def upload_abort(self, state: UploadState) -> None:
        self.delete([f"{state.key}.part"])
        super().upload_abort(state)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self.delete([f"{state.key}.part"])
        return super().upload_commit(state, target=target)
