"""The part of a store that a case may touch: keys below a prefix that no other has, all of which go again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from typing import Final
from uuid import uuid4

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.suites.bodies import Body
from entrepot_contract import MAX_PUT_SIZE, Key, ObjectInfo, StorageDriver, UploadState

__all__ = ["Area"]

WRITERS: Final = 8


class Area:
    """What a case writes to a driver: every key comes from ``key``, every upload from ``upload``."""

    def __init__(self, driver: StorageDriver) -> None:
        self.driver = driver
        self.prefix = f"entrepot-benchmark-{uuid4().hex}"
        self._numbers = count()
        self._keys: set[Key] = set()
        self._uploads: dict[Key, UploadState] = {}

    def key(self, folder: str = "one") -> Key:
        """A key that was never given before; keys of a folder are given in the order in which they are listed."""
        key = f"{self.prefix}/{folder}/{next(self._numbers):09}"
        self._keys.add(key)
        return key

    def store(self, body: Body) -> Key:
        """An object of this body: by one put where that is allowed, and else by an upload."""
        key = self.key()
        if body.size <= MAX_PUT_SIZE:
            self.driver.put(key, body.whole())
        else:
            self.upload(key, body)
        return key

    def store_many(self, keys: Sequence[Key]) -> None:
        """A small object under each of these keys, several at once: a store may be far away."""
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda key: self.driver.put(key, key.encode()), keys))

    def upload(self, key: Key, body: Body) -> ObjectInfo:
        """An object by an upload in one append, whose chunks are 1 MiB."""
        self._uploads[key] = started = self.driver.upload_start(key)
        appended = self.driver.upload_append(started, body.chunks())
        info = self.driver.upload_commit(appended)
        del self._uploads[key]
        return info

    def prove(self, key: Key, body: Body, *, offset: int = 0, length: int | None = None) -> None:
        """Read an object, or a part of it.

        Raises BenchmarkError where it has other bytes than the body.
        """
        hasher, size = hashlib.sha256(), 0
        with self.driver.read(key, offset=offset, length=length) as reader:
            for chunk in reader:
                hasher.update(chunk)
                size += len(chunk)
        wanted = body.size - offset if length is None else min(length, body.size - offset)
        if size != wanted:
            raise BenchmarkError(f"{self.driver.name} gave {size} bytes of {key} where {wanted} were due")
        if hasher.hexdigest() != body.digest(offset, length):
            raise BenchmarkError(f"{self.driver.name} gave other bytes of {key} than were written there")

    def forget(self, keys: Iterable[Key]) -> None:
        """Know that objects are gone."""
        self._keys.difference_update(keys)

    def drop(self, keys: Iterable[Key]) -> None:
        """Delete objects that are not needed any more."""
        gone = list(keys)
        self.driver.delete(gone)
        self.forget(gone)

    def clear(self) -> None:
        """Remove everything that was written, listed or not.

        Raises BenchmarkError where something is still listed.
        """
        with ExitStack() as stack:
            stack.callback(self._delete)
            for state in self._uploads.values():
                stack.callback(self.driver.upload_abort, state)
        left = self._listed()
        if left:
            raise BenchmarkError(
                f"{self.driver.name} still lists {len(left)} objects of this benchmark after their deletion: "
                f"delete what lies below {self.prefix}/"
            )

    def _delete(self) -> None:
        self.driver.delete(sorted(self._keys.union(self._listed())))

    def _listed(self) -> list[Key]:
        return [item.key for item in self.driver.list_objects(f"{self.prefix}/")]
