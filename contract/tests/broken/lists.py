"""Drivers with a broken ``list_objects``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import DriverOptions, NotFound, ObjectInfo, Prefix, UploadState

Items = Iterator[ObjectInfo | Prefix]


@caught_by("test_list_is_in_byte_order_of_whole_keys")
class ListWalksFolders(HonestDriver):
    """Sorts by segments, as a directory walk does."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        found = super().list_objects(prefix, start_after=start_after, shallow=shallow)
        return iter(sorted(found, key=lambda item: item.key.split("/")))


@caught_by("test_list_is_in_byte_order_of_whole_keys")
class ListStartsAtLetters(HonestDriver):
    """Omits keys with digits if ``start_after`` is not given."""

    def list_objects(self, prefix: str = "", *, start_after: str = "A", shallow: bool = False) -> Items:
        return super().list_objects(prefix, start_after=start_after, shallow=shallow)


@caught_by("test_list_takes_prefixes_of_whole_segments")
class ListTakesTextPrefixes(HonestDriver):
    """Treats ``a/`` as a prefix of any key that begins with ``a``."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for item in super().list_objects("", start_after=start_after, shallow=shallow):
            if item.key.startswith(prefix.rstrip("/")):
                yield item


@caught_by("test_list_starts_after_any_key")
class ListStartsAtTheKey(HonestDriver):
    """Includes the key of ``start_after``."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for item in super().list_objects(prefix, shallow=shallow):
            if item.key >= start_after:
                yield item


@caught_by("test_list_starts_after_any_key")
class ListStartsAfterKnownKeysOnly(HonestDriver):
    """Yields nothing if the key of ``start_after`` does not exist."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        seen = not start_after
        for item in super().list_objects(prefix, shallow=shallow):
            if seen:
                yield item
            seen = seen or item.key == start_after


@caught_by("test_list_shallow_gives_prefixes_in_order")
class ListPutsPrefixesLast(HonestDriver):
    """Yields prefixes after all objects."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        found = super().list_objects(prefix, start_after=start_after, shallow=shallow)
        return iter(sorted(found, key=lambda item: (isinstance(item, Prefix), item.key)))


@caught_by("test_list_shallow_gives_prefixes_in_order")
class ListShallowStartsAtLetters(HonestDriver):
    """Searches below a prefix only from the letters on, and so omits prefixes of digits."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if not (isinstance(item, Prefix) and item.key < "A"):
                yield item


@caught_by("test_list_shallow_gives_prefixes_in_order")
class ListRepeatsPrefixes(HonestDriver):
    """Yields a prefix once for each object below it."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for item in super().list_objects(prefix, start_after=start_after):
            head, slash, _ = item.key[len(prefix) :].partition("/")
            yield Prefix(prefix + head + slash) if shallow and slash else item


@caught_by("test_list_of_an_empty_prefix_is_empty")
class ListRaisesWhereNothingIs(HonestDriver):
    """Raises for an empty prefix."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        found = list(super().list_objects(prefix, start_after=start_after, shallow=shallow))
        if prefix and not found:
            raise self.fail(NotFound, "list_objects", prefix)
        return iter(found)


@caught_by("test_list_of_an_empty_prefix_is_empty")
class ListShowsEmptiedPrefixes(HonestDriver):
    """Lists folders that have become empty."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.folders: set[str] = set()

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        found = {item.key: item for item in super().list_objects(prefix, start_after=start_after, shallow=shallow)}
        for item in super().list_objects():
            self.folders.update(item.key[: at + 1] for at, letter in enumerate(item.key) if letter == "/")
        if shallow and not prefix:
            found.update({name: Prefix(name) for name in self.folders if name.count("/") == 1})
        return iter([found[key] for key in sorted(found)])


@caught_by("test_list_goes_through_many_pages_and_stops_early")
class ListEndsAfterOnePage(HonestDriver):
    """Forgets the second page."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        return islice(super().list_objects(prefix, start_after=start_after, shallow=shallow), 1000)


@caught_by("test_list_goes_through_many_pages_and_stops_early")
class ListRepeatsTheEndOfAPage(HonestDriver):
    """Repeats the last item of a page at the start of the next one."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for number, item in enumerate(super().list_objects(prefix, start_after=start_after, shallow=shallow)):
            if number and number % 1000 == 0:
                yield item
            yield item


@caught_by("test_list_never_shows_unfinished_work")
class ListShowsUploads(HonestDriver):
    """Keeps its uploads among the objects."""

    def upload_start(self, key: str) -> UploadState:
        self.put(f"_uploads/{key}", b"")
        return super().upload_start(key)


@caught_by("test_lists_are_whole_while_others_write")
class ListLooksAtEachKey(HonestDriver):
    """Stats each object after listing its name, and fails if it was deleted in between."""

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Items:
        for item in list(super().list_objects(prefix, start_after=start_after, shallow=shallow)):
            yield item if isinstance(item, Prefix) else self.stat(item.key)
