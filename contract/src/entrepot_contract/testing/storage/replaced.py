"""Tests of readers whose object is replaced, moved or deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest

from entrepot_contract import MAX_PUT_SIZE, NotFound, StorageDriver, StorageError, Unavailable
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import Content, body, read_back, upload

__all__ = ["ReplacedContract"]

WAIT_SECONDS = 5.0
OFFSET = 100_001


def delete_and_write(driver: StorageDriver) -> None:
    """Delete the object, and write another one with the same key and size."""
    driver.delete(["a/k"])
    driver.put("a/k", body(MAX_PUT_SIZE, seed=1))


def move_onto(driver: StorageDriver) -> None:
    """Replace the object by another one that is moved."""
    driver.put("b/k", body(MAX_PUT_SIZE - 7, seed=1))
    driver.move("b/k", "a/k")


LARGE: Mapping[str, Callable[[StorageDriver], object]] = {
    "same-size": lambda driver: driver.put("a/k", body(MAX_PUT_SIZE, seed=1)),
    "shorter": lambda driver: driver.put("a/k", b"short"),
    "committed": lambda driver: upload(driver, "c/k", body(MAX_PUT_SIZE + 7, seed=1), target="a/k"),
    "moved-onto": move_onto,
    "written-again": delete_and_write,
    "moved-away": lambda driver: driver.move("a/k", "b/k"),
    "deleted": lambda driver: driver.delete(["a/k"]),
}
SMALL: Mapping[str, Callable[[StorageDriver], object]] = {
    "overwritten": lambda driver: driver.put("a/k", b"new"),
    "moved-away": lambda driver: driver.move("a/k", "b/k"),
    "deleted": lambda driver: driver.delete(["a/k"]),
}


class ReplacedContract(ContractBase):
    """Tests of reads that a writer overtakes."""

    @sentence("read", "A reader whose object is replaced, moved or deleted goes on with the bytes that it began with")
    @sentence("read", "or raises Unavailable or NotFound; it never mixes two objects.")
    @pytest.mark.parametrize("change", LARGE)
    def test_ranges_are_never_mixed_when_the_object_changes(self, driver: StorageDriver, change: str) -> None:
        old = body(MAX_PUT_SIZE)
        driver.put("a/k", old)
        with ExitStack() as opened, ThreadPoolExecutor(1) as pool:
            ranges = [(0, None), (OFFSET, MAX_PUT_SIZE - 3 * OFFSET), (MAX_PUT_SIZE // 2, None)]
            readers = [opened.enter_context(driver.read("a/k", offset=at, length=length)) for at, length in ranges]
            begun = [(iter(reader), bytearray()) for reader in readers]
            for chunks, got in begun[:2]:
                got += next(chunks)
            # Some backends block a change until readers are closed: they continue while it is blocked.
            changed = pool.submit(LARGE[change], driver)
            wait([changed], timeout=WAIT_SECONDS)
            for (chunks, got), (offset, length) in zip(begun, ranges, strict=True):
                expected = old[offset:] if length is None else old[offset : offset + length]
                if goes_on(chunks, got):
                    assert Content(bytes(got)) == expected, (
                        f"a reader of offset={offset}, length={length} ended normally with other bytes than those of "
                        "the object that it began with"
                    )
                else:
                    assert expected.startswith(got), "a reader gave bytes of another object before it raised"
            opened.close()
            changed.result()

    @sentence("read", "Once it is open, an object of up to 64 KiB is whole in any case.")
    @pytest.mark.parametrize("change", SMALL)
    def test_small_objects_are_whole_when_they_change(self, driver: StorageDriver, change: str) -> None:
        for size in (1, 1000, 2**16):
            data = body(size)
            for offset, length in ((0, None), (size // 2, size)):
                driver.put("a/k", data)
                with ThreadPoolExecutor(1) as pool, driver.read("a/k", offset=offset, length=length) as reader:
                    changed = pool.submit(SMALL[change], driver)
                    wait([changed], timeout=WAIT_SECONDS)
                    assert reader.info.size == size
                    assert Content(b"".join(reader)) == data[offset:], f"an object of {size} bytes that was {change}"
                    reader.close()
                    changed.result()

    @sentence("read", "it never mixes two objects.")
    def test_a_new_reader_sees_the_new_object(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(200_000))
        for number in range(1, 6):
            data = body(200_000 - number, seed=number)
            before = driver.read("a/k")
            next(iter(before))
            before.close()
            driver.put("a/k", data)
            assert read_back(driver, "a/k") == data, "a read after an overwrite must see the new object"
            assert read_back(driver, "a/k", offset=5, length=100) == data[5:105]
            assert driver.stat("a/k").size == len(data)

    @sentence("StorageDriver", "and never one that was already replaced when the read began.")
    @pytest.mark.parametrize("size", [1, 2_000, 100_000])
    def test_a_read_sees_the_last_write_of_the_same_size(self, driver: StorageDriver, size: int) -> None:
        for number in range(12):
            data = body(size - 1, seed=number) + bytes([number])
            if number % 4 == 1:
                how = "upload_commit"
                upload(driver, "a/k", data)
            elif number % 4 == 2:
                how = "move"
                driver.put("a/other", data)
                driver.move("a/other", "a/k")
            elif number % 4 == 3:
                how = "put after delete"
                driver.delete(["a/k"])
                driver.put("a/k", data)
            else:
                how = "put"
                driver.put("a/k", data)
            assert read_back(driver, "a/k") == data, f"a read after {how} returned an object that was replaced before"
            assert read_back(driver, "a/k", offset=size - 1) == data[-1:], f"a range after {how} is of an older object"


def goes_on(chunks: Iterator[bytes], got: bytearray) -> bool:
    """Read the rest into ``got``; return whether it ended normally, and not with one of the errors that it may have."""
    try:
        for chunk in chunks:
            got += chunk
    except StorageError as broken:
        assert isinstance(broken, Unavailable | NotFound), f"a reader whose object changed raised {broken!r}"  # noqa: PT017 - or it continues
        return False
    return True
