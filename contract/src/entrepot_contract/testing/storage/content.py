"""Bodies for the kit's objects, and short ways to read them back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from entrepot_contract import ObjectInfo, StorageDriver, UploadState

__all__ = ["Content", "body", "listed", "pieces", "read_back", "revived", "store", "upload"]


def body(size: int, seed: int = 0) -> bytes:
    """``size`` bytes that no other seed gives."""
    return random.Random(f"{seed}/{size}").randbytes(size)  # noqa: S311 - a body is no secret


def pieces(data: bytes, size: int = 100_000) -> Iterator[bytes | bytearray | memoryview]:
    """``data`` in pieces of every type that the contract allows; each is overwritten once the next is asked for."""
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
    """Bytes that were read; equal to the same bytes, and shown by their size and beginning alone.

    On a CI machine pytest shows in full what differs, and takes minutes to find it in two large bodies.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return self.data == (other.data if isinstance(other, Content) else other)

    __hash__ = None  # type: ignore[assignment]  # it stands for its bytes, and only compares

    def __repr__(self) -> str:
        return f"{len(self.data)} bytes: {self.data[:20]!r}..."


def read_back(driver: StorageDriver, key: str, *, offset: int = 0, length: int | None = None) -> Content:
    """The bytes of one read."""
    with driver.read(key, offset=offset, length=length) as reader:
        return Content(b"".join(reader))


def listed(driver: StorageDriver, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> list[str]:
    """The keys of one listing, those of a Prefix with their slash."""
    return [item.key for item in driver.list_objects(prefix, start_after=start_after, shallow=shallow)]


def store(driver: StorageDriver, *keys: str) -> None:
    """Put a small object of its own content under each key."""
    for key in keys:
        driver.put(key, key.encode())


def revived(state: UploadState) -> UploadState:
    """The state after a way through JSON, as another process gets it."""
    assert type(state) is UploadState
    kept = json.loads(json.dumps({"key": state.key, "size": state.size, "token": state.token}))
    return UploadState(key=kept["key"], size=kept["size"], token=kept["token"])


def upload(driver: StorageDriver, key: str, data: bytes, *, target: str | None = None) -> ObjectInfo:
    """A whole upload in one append."""
    state = driver.upload_append(driver.upload_start(key), pieces(data))
    return driver.upload_commit(state, target=target)
