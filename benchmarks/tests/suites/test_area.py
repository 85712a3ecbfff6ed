"""Bodies, and the area of a store used by a case."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.bodies import CHUNK, MIB, Body, words
from entrepot_contract import Chunks, ObjectInfo, Prefix, StorageDriver, UploadState
from entrepot_storage_memory import MemoryDriver, MemoryOptions

SIZES = [0, 1, 15, 16, 17, 4096, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 16, CHUNK + 17, 3 * CHUNK]


@pytest.mark.parametrize("size", SIZES)
def test_a_body_has_the_same_bytes_whole_and_in_chunks(size: int) -> None:
    body = Body(size)
    chunks = list(body.chunks())
    assert len(body.whole()) == size
    assert b"".join(chunks) == body.whole()
    assert body.digest() == hashlib.sha256(body.whole()).hexdigest()
    assert [len(chunk) for chunk in chunks[:-1]] == [CHUNK] * (len(chunks) - 1)
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


@settings(deadline=None)
@given(st.sampled_from(SIZES), st.integers(0, 4 * CHUNK), st.integers(0, 4 * CHUNK))
def test_a_part_of_a_body_has_its_digest(size: int, offset: int, length: int) -> None:
    body = Body(size)
    offset = min(offset, size)
    assert body.digest(offset, length) == hashlib.sha256(body.whole()[offset : offset + length]).hexdigest()


def test_bodies_differ_and_cannot_be_compressed() -> None:
    bodies = [Body(MIB).whole() for _ in range(3)]
    assert len(set(bodies)) == 3
    assert len(zlib.compress(bodies[0])) > MIB * 0.99


def test_sizes_are_formatted() -> None:
    assert [words(size) for size in (0, 1023, 4096, MIB, 256 * MIB, MIB + 1)] == [
        *("0 B", "1023 B", "4 KiB", "1 MiB", "256 MiB", "1048577 B")
    ]


def area() -> tuple[MemoryDriver, Area]:
    """Return an area of a store with other content."""
    driver = MemoryDriver(MemoryOptions())
    driver.put("docker/registry/v2/blob", b"theirs")
    return driver, Area(driver)


def keys(driver: StorageDriver) -> list[str]:
    """Return all keys of a store."""
    return [item.key for item in driver.list_objects()]


def test_clear_removes_everything_of_the_area_and_nothing_else() -> None:
    driver, mine = area()
    mine.store(Body(5))
    mine.store(Body(17 * MIB))
    mine.store_many([mine.key("many") for _ in range(20)])
    mine.drop([mine.store(Body(5))])
    mine.key("never written")
    assert len(keys(driver)) == 23
    mine.clear()
    assert keys(driver) == ["docker/registry/v2/blob"]


def test_the_keys_of_a_folder_are_in_listing_order() -> None:
    driver, mine = area()
    given_ = [mine.key("a") for _ in range(1200)]
    assert all(one < other for one, other in pairwise(given_))
    assert all(key.startswith(f"{mine.prefix}/") for key in given_)
    assert Area(driver).prefix != mine.prefix


class BreaksOff(MemoryDriver):
    """Loses its connection in an append."""

    aborted: list[UploadState]

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        raise OSError("gone")

    def upload_abort(self, state: UploadState) -> None:
        self.aborted.append(state)
        super().upload_abort(state)


def test_a_failed_upload_is_aborted() -> None:
    driver = BreaksOff(MemoryOptions())
    driver.aborted = []
    mine = Area(driver)
    with pytest.raises(OSError, match="gone"):
        mine.upload(mine.key(), Body(10))
    mine.clear()
    assert [state.key.partition("/")[0] for state in driver.aborted] == [mine.prefix]


class Keeps(MemoryDriver):
    """Does not delete anything."""

    def delete(self, keys: Iterable[str]) -> None:
        """Do nothing."""


def test_remaining_objects_are_reported() -> None:
    driver = Keeps(MemoryOptions())
    mine = Area(driver)
    mine.store(Body(3))
    with pytest.raises(BenchmarkError, match=f"still lists 1 objects .* below {mine.prefix}/"):
        mine.clear()


class Unlisted(MemoryDriver):
    """Does not list anything."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        return iter(())


def test_unlisted_objects_are_removed_too() -> None:
    driver = Unlisted(MemoryOptions())
    mine = Area(driver)
    mine.store(Body(3))
    mine.clear()
    assert list(MemoryDriver.list_objects(driver)) == []
