"""The part of a store used by a case: keys below a unique prefix, all of which are removed at the end."""

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
    """Writes the objects of a case to a driver: all keys are created by ``key``, all uploads by ``upload``."""

    def __init__(self, driver: StorageDriver) -> None:
        self.driver = driver
        self.prefix = f"entrepot-benchmark-{uuid4().hex}"
        self._numbers = count()
        self._keys: set[Key] = set()
        self._uploads: dict[Key, UploadState] = {}

    def key(self, folder: str = "one") -> Key:
        """Return a new key; the keys of a folder are created in listing order."""
        key = f"{self.prefix}/{folder}/{next(self._numbers):09}"
        self._keys.add(key)
        return key

    def store(self, body: Body) -> Key:
        """Store a body as an object, with one put if its size allows that, otherwise with an upload."""
        key = self.key()
        if body.size <= MAX_PUT_SIZE:
            self.driver.put(key, body.whole())
        else:
            self.upload(key, body)
        return key

    def store_many(self, keys: Sequence[Key]) -> None:
        """Store a small object under each key, several in parallel because a store may be remote."""
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda key: self.driver.put(key, key.encode()), keys))

    def upload(self, key: Key, body: Body) -> ObjectInfo:
        """Upload an object in one append with chunks of 1 MiB."""
        self._uploads[key] = started = self.driver.upload_start(key)
        appended = self.driver.upload_append(started, body.chunks())
        info = self.driver.upload_commit(appended)
        del self._uploads[key]
        return info

    def prove(self, key: Key, body: Body, *, offset: int = 0, length: int | None = None) -> None:
        """Read an object, or a part of it, and verify its content.

        Raises BenchmarkError if the content differs from the body.
        """
        hasher, size = hashlib.sha256(), 0
        with self.driver.read(key, offset=offset, length=length) as reader:
            for chunk in reader:
                hasher.update(chunk)
                size += len(chunk)
        wanted = body.size - offset if length is None else min(length, body.size - offset)
        if size != wanted:
            raise BenchmarkError(f"{self.driver.name} returned {size} bytes of {key} instead of {wanted}")
        if hasher.hexdigest() != body.digest(offset, length):
            raise BenchmarkError(f"{self.driver.name} returned content of {key} that differs from what was written")

    def forget(self, keys: Iterable[Key]) -> None:
        """Record that objects no longer exist."""
        self._keys.difference_update(keys)

    def drop(self, keys: Iterable[Key]) -> None:
        """Delete objects that are no longer needed."""
        unneeded = list(keys)
        self.driver.delete(unneeded)
        self.forget(unneeded)

    def clear(self) -> None:
        """Remove everything that was written, whether listed or not.

        Raises BenchmarkError if something is still listed.
        """
        with ExitStack() as stack:
            stack.callback(self._delete)
            for state in self._uploads.values():
                stack.callback(self.driver.upload_abort, state)
        left = self._listed()
        if left:
            raise BenchmarkError(
                f"{self.driver.name} still lists {len(left)} objects of this benchmark after their deletion: "
                f"delete everything below {self.prefix}/"
            )

    def _delete(self) -> None:
        self.driver.delete(sorted(self._keys.union(self._listed())))

    def _listed(self) -> list[Key]:
        return [item.key for item in self.driver.list_objects(f"{self.prefix}/")]
