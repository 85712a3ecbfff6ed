"""Writes of numbered versions of an object, in threads and child processes, and checks of what a reader sees.

It imports no pytest, because child processes load it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from entrepot_contract import NotFound, ObjectInfo, StorageDriver

__all__ = ["WRITE_VERBS", "Change", "Versions", "change", "version", "whole_version", "write"]

STAMP: Final = 16
PIECE: Final = 2**20

Change: TypeAlias = tuple[str, str, str]
"""A verb, a key, and the new content, or for ``move``, the target."""


def _commit(driver: StorageDriver, key: str, data: bytes, target: str | None = None) -> ObjectInfo:
    pieces = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return driver.upload_commit(driver.upload_append(driver.upload_start(key), pieces), target=target)


def _own(key: str) -> str:
    return f"own/{key}/{threading.get_native_id()}"


WRITE_VERBS: Final[Mapping[str, Callable[[StorageDriver, str, bytes], ObjectInfo]]] = {
    "put": lambda driver, key, data: driver.put(key, data),
    "upload_commit": _commit,
    "target": lambda driver, key, data: _commit(driver, _own(key), data, target=key),
    "move": lambda driver, key, data: driver.move(driver.put(_own(key), data).key, key),
}
"""The ways to write an object that may replace another one."""


def write(driver: StorageDriver, verb: str, key: str, data: bytes) -> None:
    """Write an object in one of the ways, and check what the call returns."""
    info = WRITE_VERBS[verb](driver, key, data)
    assert (info.key, info.size) == (key, len(data)), f"{verb} returned {info} for {len(data)} bytes under {key}"


def change(driver: StorageDriver, changes: Iterable[Change]) -> None:
    """Make the changes one after the other."""
    for verb, key, argument in changes:
        if verb == "delete":
            driver.delete([key])
        elif verb == "move":
            driver.move(key, argument)
        else:
            write(driver, verb, key, argument.encode())


def version(name: str, number: int, size: int) -> bytes:
    """Return ``size`` bytes that repeat the name of their writer, the number of the version and its size."""
    stamp = f"{name}{number:05}/{size:08}\n".encode()
    return (stamp * (size // STAMP + 1))[:size]


def whole_version(data: bytes) -> tuple[str, int] | None:
    """Return the writer and the number of a version; None if the bytes are not those of one version."""
    stamp = data[:STAMP]
    if len(stamp) < STAMP:
        return None
    name, number, size = stamp[:1].decode(), int(stamp[1:6]), int(stamp[7:])
    return (name, number) if data == version(name, number, size) else None


class Versions:
    """The last version of each writer that was completely written, or that one reader has seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}

    def ended(self, name: str, number: int) -> None:
        """Note that a write has returned, or that a version was seen."""
        with self._lock:
            self._last[name] = max(number, self._last.get(name, 0))

    def copy(self) -> dict[str, int]:
        """Return the last version of each writer."""
        with self._lock:
            return dict(self._last)

    def check(
        self, driver: StorageDriver, key: str, seen: Versions, *, may_be_absent: bool = False
    ) -> tuple[str, int] | None:
        """Read an object, and check that it is one complete version that no other had replaced before the read.

        A version is too old if its writer had written the next one before the read began, or if ``seen`` has it.
        """
        before, noted = self.copy(), seen.copy()
        try:
            with driver.read(key) as reader:
                size = reader.info.size
                data = b"".join(reader)
        except NotFound:
            assert may_be_absent, "an object that was replaced could not be found"
            return None
        assert len(data) == size, f"a read returned {len(data)} bytes of an object of {size}"
        found = whole_version(data)
        assert found is not None, "a read returned bytes of several versions of an object"
        name, number = found
        assert number >= before.get(name, 0), (
            f"a read returned version {number} of writer {name}, which had written version {before[name]} before"
        )
        assert number >= noted.get(name, 0), (
            f"a read returned version {number} of writer {name} after version {noted[name]}"
        )
        seen.ended(name, number)
        return found
