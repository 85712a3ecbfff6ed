"""Drivers that cache what others may change."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    DriverOptions,
    NotFound,
    ObjectInfo,
    Prefix,
    Reader,
    StorageError,
    Unavailable,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.reading import BodyReader

CAUGHT = "test_changes_by_others_are_seen_at_once"


class Caching(HonestDriver):
    """Forgets what it has cached for a key when it writes, moves or deletes the key itself."""

    def forgotten(self, *keys: str) -> None:
        """Forget what is cached for some keys."""
        raise NotImplementedError

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.forgotten(key)
        return super().put(key, data, mode=mode)

    def move(self, source: str, target: str) -> ObjectInfo:
        self.forgotten(source, target)
        return super().move(source, target)

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        self.forgotten(*keys)
        super().delete(keys)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self.forgotten(target or state.key)
        return super().upload_commit(state, target=target)


class CachingReads(Caching):
    """Caches the content of objects."""

    smallest, largest, age = 0, 4096, 0.0

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.contents: dict[str, tuple[ObjectInfo, bytes]] = {}

    def forgotten(self, *keys: str) -> None:
        for key in keys:
            self.contents.pop(key, None)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if key not in self.contents or offset:
            reader = super().read(key, offset=offset, length=length)
            old = datetime.now(UTC).timestamp() - reader.info.modified.timestamp() >= self.age
            if offset or length is not None or not old or not self.smallest <= reader.info.size <= self.largest:
                return reader
            with reader:
                self.contents[key] = (reader.info, b"".join(reader))
        info, data = self.contents[key]
        return BodyReader(
            info, iter([data] * bool(data)), len(data), driver=self.name, close=lambda: None, failed=self.broken
        )

    def broken(self, error: Exception) -> StorageError:
        return self.fail(Unavailable, "read", None, str(error))


@caught_by(CAUGHT)
class SmallObjectsAreCached(CachingReads):
    """Caches small objects, and does not check whether another driver has replaced them."""


@caught_by(CAUGHT)
class LargeObjectsAreCached(CachingReads):
    """Caches objects that are not small."""

    smallest, largest = 100_000, 2**20


@caught_by(CAUGHT)
class SettledObjectsAreCached(CachingReads):
    """Caches objects that were not changed for two seconds, as if they never changed again."""

    age = 2.0


@caught_by(CAUGHT)
class ObjectsAreCachedByProcess(CachingReads):
    """Has one cache for all drivers of a process, which does not see what another process changes."""

    shared: ClassVar[dict[str, tuple[ObjectInfo, bytes]]] = {}

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.contents = self.shared


class CachingStats(Caching):
    """Caches the infos of objects."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.infos: dict[str, ObjectInfo] = {}

    def forgotten(self, *keys: str) -> None:
        for key in keys:
            self.infos.pop(key, None)


@caught_by(CAUGHT)
class StatsAreCached(CachingStats):
    """Caches the results of stat."""

    def stat(self, key: str) -> ObjectInfo:
        if key not in self.infos:
            self.infos[key] = super().stat(key)
        return self.infos[key]


@caught_by(CAUGHT)
class SettledStatsAreCached(CachingStats):
    """Caches the results of stat for objects that were not changed for two seconds."""

    def stat(self, key: str) -> ObjectInfo:
        if key not in self.infos:
            info = super().stat(key)
            if datetime.now(UTC).timestamp() - info.modified.timestamp() < 2:
                return info
            self.infos[key] = info
        return self.infos[key]


@caught_by(CAUGHT)
class MissingKeysAreCached(Caching):
    """Remembers for a minute that a key does not exist."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.missing: dict[str, float] = {}

    def forgotten(self, *keys: str) -> None:
        for key in keys:
            self.missing.pop(key, None)

    def stat(self, key: str) -> ObjectInfo:
        if self.missing.get(key, 0.0) > time.monotonic():
            raise self.fail(NotFound, "stat", key)
        try:
            return super().stat(key)
        except NotFound:
            self.missing[key] = time.monotonic() + 60
            raise


@caught_by(CAUGHT)
class ListingsAreCached(Caching):
    """Caches listings until it changes a key itself."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.listings: dict[tuple[str, str, bool], list[ObjectInfo | Prefix]] = {}

    def forgotten(self, *keys: str) -> None:
        self.listings.clear()

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        which = (prefix, start_after, shallow)
        if which not in self.listings:
            self.listings[which] = list(super().list_objects(prefix, start_after=start_after, shallow=shallow))
        return iter(self.listings[which])


@caught_by(CAUGHT)
class FoldersAreRemembered(Caching):
    """Remembers which folders have objects, for shallow listings."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.filled: set[str] = set()

    def forgotten(self, *keys: str) -> None:
        self.filled = {folder for folder in self.filled if not any(key.startswith(folder) for key in keys)}

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        found = {item.key: item for item in super().list_objects(prefix, start_after=start_after, shallow=shallow)}
        if shallow:
            self.filled.update(key for key, item in found.items() if isinstance(item, Prefix))
            below = (
                folder
                for folder in self.filled
                if folder.startswith(prefix) and folder.count("/") == prefix.count("/") + 1
            )
            found.update({folder: Prefix(folder) for folder in below if folder > start_after})
        yield from (found[key] for key in sorted(found))


@caught_by("test_each_change_by_another_driver_is_seen_at_once")
class ListingsAreCachedForAMoment(ListingsAreCached):
    """Caches shallow listings for a tenth of a second."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.since = 0.0

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        if time.monotonic() - self.since > 0.1 or not shallow:
            self.since = time.monotonic()
            self.listings.clear()
        return super().list_objects(prefix, start_after=start_after, shallow=shallow)
