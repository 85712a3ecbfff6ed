"""Bodies for the kit's objects, and helpers that write and read them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from entrepot_contract import ObjectInfo, StorageDriver, UploadState

__all__ = ["Content", "body", "for_each", "listed", "pieces", "read_back", "revived", "store", "upload"]

Item = TypeVar("Item")


def body(size: int, seed: int = 0) -> bytes:
    """Return ``size`` bytes that depend on the seed."""
    return random.Random(f"{seed}/{size}").randbytes(size)  # noqa: S311 - not for security


def pieces(data: bytes, size: int = 100_000) -> Iterator[bytes | bytearray | memoryview]:
    """Yield ``data`` in chunks of every type that the contract allows, overwriting each when the next is requested."""
    for number, start in enumerate(range(0, len(data), size)):
        buffer = bytearray(data[start : start + size])
        if number % 3 == 0:
            yield buffer
        elif number % 3 == 1:
            yield memoryview(buffer)
        else:
            yield b""
            yield bytes(buffer)
        buffer[:] = b"\xee" * len(buffer)


class Content:
    """Bytes that were read; equal to the same bytes, with a repr that shows only their size and beginning.

    On a CI machine, pytest shows complete diffs, and takes minutes to compute one for two large bodies.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return self.data == (other.data if isinstance(other, Content) else other)

    __hash__ = None  # type: ignore[assignment]  # only used for comparisons

    def __repr__(self) -> str:
        return f"{len(self.data)} bytes: {self.data[:20]!r}..."


def read_back(driver: StorageDriver, key: str, *, offset: int = 0, length: int | None = None) -> Content:
    """Return the bytes of one read."""
    with driver.read(key, offset=offset, length=length) as reader:
        return Content(b"".join(reader))


def listed(driver: StorageDriver, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> list[str]:
    """Return the keys of one listing; the key of a Prefix ends with a slash."""
    return [item.key for item in driver.list_objects(prefix, start_after=start_after, shallow=shallow)]


def store(driver: StorageDriver, *keys: str) -> None:
    """Put a small object with distinct content under each key."""
    for key in keys:
        driver.put(key, key.encode())


def for_each(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Call ``work`` for each item in several threads, because a slow backend takes long for many small calls."""
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(work, items):
            pass


def revived(state: UploadState) -> UploadState:
    """Return the state after a round trip through JSON, as another process receives it."""
    assert type(state) is UploadState
    kept = json.loads(json.dumps({"key": state.key, "size": state.size, "token": state.token}))
    return UploadState(key=kept["key"], size=kept["size"], token=kept["token"])


def upload(driver: StorageDriver, key: str, data: bytes, *, target: str | None = None) -> ObjectInfo:
    """Make a complete upload with one append."""
    state = driver.upload_append(driver.upload_start(key), pieces(data))
    return driver.upload_commit(state, target=target)
