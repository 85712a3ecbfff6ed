"""Drivers that change one aspect of another driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from host.tests.storage.counting import CountingDriver

from entrepot_contract import (
    Capabilities,
    Denied,
    NotFound,
    ObjectInfo,
    Prefix,
    SignedMethod,
    StorageDriver,
    UploadState,
    WriteMode,
)

__all__ = ["Aged", "Interrupted", "Locked", "Sharing", "Signing", "Uncreating", "Watched"]


class Signing(CountingDriver):
    """Claims to support signed URLs."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.wrapped.capabilities, signed_urls=frozenset({"GET", "HEAD"}))

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        self._count("sign_url")
        return f"https://bucket.example/{key}?method={method}&seconds={expires.total_seconds():.0f}"


class Sharing(CountingDriver):
    """Claims to be shared between hosts."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.wrapped.capabilities, shared=True)


class Uncreating(CountingDriver):
    """Claims not to support atomic CREATE."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.wrapped.capabilities, create=False)


class Watched(CountingDriver):
    """Counts the listed entries in ``listed``."""

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.listed = 0

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for entry in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            self.listed += 1
            yield entry


class Aged(CountingDriver):
    """Reports old modification times for some objects."""

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.ages: dict[str, timedelta] = {}

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for entry in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            age = self.ages.get(entry.key)
            yield replace(entry, modified=entry.modified - age) if age and isinstance(entry, ObjectInfo) else entry


class Locked(CountingDriver):
    """Refuses to overwrite, like a bucket with object lock."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.OVERWRITE:
            self._check_free("put", key)
        return super().put(key, data, mode=mode, durable=durable)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self._check_free("upload_commit", state.key if target is None else target)
        return super().upload_commit(state, target=target)

    def _check_free(self, operation: str, key: str) -> None:
        with suppress(NotFound):
            self.wrapped.stat(key)
            raise Denied("the object is locked", driver=self.name, operation=operation, key=key)


class Interrupted(CountingDriver):
    """Calls ``before`` once, before the first deletion that includes ``key``, and ``after`` once after it."""

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.key = ""
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        if self.key not in doomed:
            return super().delete(doomed)
        self.key = ""
        self.before()
        super().delete(doomed)
        self.after()
        return None
