"""Tests of sizes around powers of two, around the parts of uploads, and around their multiples."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import pytest

from entrepot_contract import MAX_PUT_SIZE, MAX_TOKEN_BYTES, StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back, store

__all__ = ["SizeContract"]

MIB: Final = 2**20
PUTS: Final = sorted(
    {0, 1, 2, MAX_PUT_SIZE - 1}
    | {2**power + step for power in (8, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23) for step in (-1, 0, 1)}
    | {5 * MIB + step for step in (-1, 0, 1)}
)
THREADS: Final = 4
MANY: Final = 1040
"""Appends of one upload: more than the parts or entries that backends return in one page."""

SLOW: Final = 0.08
"""Seconds of the first append, from which on fewer are made."""


@cache
def _source() -> bytes:
    return body(18 * MIB)


def some(size: int, start: int) -> bytes:
    """Return ``size`` bytes that depend on ``start``."""
    return _source()[start : start + size]


def cut(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """Yield the data in pieces of these sizes."""
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size


class SizeContract(ContractBase):
    """Tests of ``put``, ``upload_append`` and ``upload_commit`` with sizes at which drivers take another way."""

    @sentence("put", "Write a complete object of at most 16 MiB.")
    def test_put_writes_exactly_the_bytes_of_every_size(self, driver: StorageDriver) -> None:
        def work(size: int) -> None:
            key, data = f"s/{size}", some(size, size % 1000)
            info = driver.put(key, data)
            assert (info.key, info.size) == (key, size), f"put of {size} bytes returned {info}"
            assert driver.stat(key).size == size, f"the size of an object of {size} bytes is wrong"
            assert read_back(driver, key) == data, f"an object of {size} bytes has other bytes"
            if size:
                assert read_back(driver, key, offset=size - 1) == data[-1:], f"the last of {size} bytes is wrong"
            driver.delete([key])

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, PUTS))

    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @sentence("UploadState", "the number of bytes received")
    @pytest.mark.parametrize("unit", ["hint", 64 * 2**10, 5 * MIB])
    def test_uploads_have_exactly_the_bytes_that_were_appended(
        self, driver: StorageDriver, part: int, unit: int | str
    ) -> None:
        p = part if isinstance(unit, str) else unit
        appends = [
            [p],
            [p, 1],
            [p - 1, 1],
            [p - 1, 2],
            [p - 1, 1, p],
            [p + 1, p - 1],
            [p, p],
            [2 * p - 1, 1, 1],
            [3, p // 2, p // 2 - 3, 1],
            [0, p, 0, 0, 1],
        ]

        def work(number: int) -> None:
            sizes = appends[number]
            key, data = f"u/{number}", some(sum(sizes), number)
            state, received = driver.upload_start(key), 0
            for size, piece in zip(sizes, cut(data, sizes), strict=True):
                state = driver.upload_append(state, [piece])
                received += size
                assert state.size == received, f"after appends of {sizes}, the state has the size {state.size}"
            assert driver.upload_commit(state).size == len(data), f"commit returned another size, after {sizes}"
            assert driver.stat(key).size == len(data), f"the object has another size, after appends of {sizes}"
            assert read_back(driver, key) == data, f"the object has other bytes, after appends of {sizes}"
            driver.delete([key])

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(len(appends))))

    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @sentence("UploadState", "The token is JSON text of at most 1 MiB.")
    @sentence("list_objects", "Unfinished uploads and the driver's own working files are never listed.")
    def test_uploads_have_many_appends(self, driver: StorageDriver) -> None:
        there = ["0/k", "a/before", "zz/k"]
        store(driver, *there)
        began = time.monotonic()
        state = driver.upload_append(driver.upload_start("a/k"), [b"+"])
        slow = time.monotonic() - began > SLOW
        sizes = [2_000, 100] * (120 if slow else MANY // 2)
        data = some(sum(sizes), 7)
        for piece in cut(data, sizes):
            state = driver.upload_append(state, [piece])
        data = b"+" + data
        assert state.size == len(data)
        assert listed(driver) == there, f"beside an upload of {len(sizes)} appends, a listing has other keys"
        assert listed(driver, "a/") == ["a/before"]
        length = len(state.token.encode())
        assert length <= MAX_TOKEN_BYTES, f"after {len(sizes)} appends, the token has {length} bytes"
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == data, f"an object of {len(sizes)} appends has other bytes"
