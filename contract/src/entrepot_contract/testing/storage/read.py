"""Tests of ``read``: complete objects, ranges, and readers of objects that change."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_contract import MAX_PUT_SIZE, NotFound, RangeError, StorageDriver, StorageError
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import Content, body, read_back, upload
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["ReadContract"]

CHUNK = 4 * 2**20
WAIT_SECONDS = 5.0
CHANGES: Mapping[str, Callable[[StorageDriver], object]] = {
    "delete": lambda driver: driver.delete(["a/k"]),
    "overwrite": lambda driver: driver.put("a/k", body(MAX_PUT_SIZE - 1, seed=1)),
    "move": lambda driver: driver.move("a/k", "b/k"),
}


class ReadContract(ContractBase):
    """Tests of ``read`` and of the Reader that it returns."""

    @sentence("read", "A missing key raises NotFound here, not at the first chunk.")
    @pytest.mark.parametrize("key", ["missing", "a", "a/missing", "a/b/c"])
    def test_read_of_a_missing_key_raises_at_once(self, driver: StorageDriver, key: str) -> None:
        driver.put("a/b", b"object")
        with refused(NotFound, driver, "read", key):
            driver.read(key)

    @sentence("read", "Read an object, or ``length`` bytes of it starting at ``offset``.")
    @sentence("read", "A range that extends past the end is truncated, however large ``length`` is.")
    def test_read_gives_any_range(self, driver: StorageDriver) -> None:
        size = 3_000_017
        data = body(size)
        driver.put("k", data)

        @settings(max_examples=40, deadline=None, database=None, derandomize=True)
        @given(st.integers(0, size), st.none() | st.integers(0, size + 10))
        def check(offset: int, length: int | None) -> None:
            end = None if length is None else offset + length
            assert read_back(driver, "k", offset=offset, length=length) == data[offset:end]

        check()

    @sentence("read", "An ``offset`` equal to the size reads nothing; a larger one raises RangeError here.")
    @pytest.mark.parametrize("size", [0, 10])
    def test_read_ends_where_the_object_ends(self, driver: StorageDriver, size: int) -> None:
        driver.put("k", body(size))
        assert read_back(driver, "k", offset=size) == b""
        assert read_back(driver, "k", offset=size, length=5) == b""
        for length in (None, 0, 1):
            with refused(RangeError, driver, "read", "k"):
                driver.read("k", offset=size + 1, length=length)

    @sentence("Reader", "an iterator of non-empty chunks of about 1 MiB")
    def test_reader_gives_chunks_of_about_1_mib(self, driver: StorageDriver) -> None:
        driver.put("k", body(MAX_PUT_SIZE))
        with driver.read("k") as reader:
            chunks = list(reader)
        assert {type(chunk) for chunk in chunks} == {bytes}
        sizes = [len(chunk) for chunk in chunks]
        assert sum(sizes) == MAX_PUT_SIZE
        assert min(sizes) > 0
        assert max(sizes) <= CHUNK
        assert len(sizes) <= MAX_PUT_SIZE // 2**16, "chunks of less than 64 KiB cost more than the bytes"
        driver.put("empty", b"")
        with driver.read("empty") as reader:
            assert list(reader) == []

    @sentence("Reader.info", "The info of the complete object, whatever range is read.")
    def test_reader_info_is_of_the_complete_object(self, driver: StorageDriver) -> None:
        for size in (1000, 300_003):
            driver.put("a/k", body(size))
            stat = driver.stat("a/k")
            for offset, length in ((0, None), (10, 20), (1000, None)):
                with driver.read("a/k", offset=offset, length=length) as reader:
                    assert reader.info == stat

    @sentence("Reader.close", "Close the connection or file. Idempotent.")
    def test_reader_can_be_closed_early_and_again(self, driver: StorageDriver) -> None:
        driver.put("small", b"small")
        driver.put("k", body(MAX_PUT_SIZE))
        for key in ("k", "k", "k", "small"):
            reader = driver.read(key)
            next(iter(reader))
            reader.close()
            reader.close()
        unused = driver.read("k")
        unused.close()
        assert read_back(driver, "k", length=10) == body(MAX_PUT_SIZE)[:10]

    @sentence("read", "The object is streamed, and never held in memory completely.")
    def test_read_never_holds_the_whole_object(self, driver: StorageDriver) -> None:
        data = body(32 * 2**20)
        upload(driver, "k", data)
        tracemalloc.start()
        try:
            with driver.read("k") as reader:
                size = sum(len(chunk) for chunk in reader)
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert size == len(data)
        assert held < len(data) / 2

    @sentence("read", "it never ends the read early.")
    @sentence("Reader", "iteration never ends normally before all bytes were read.")
    @pytest.mark.parametrize("change", CHANGES)
    def test_reader_never_ends_short_when_the_object_changes(self, driver: StorageDriver, change: str) -> None:
        old = body(MAX_PUT_SIZE)
        driver.put("a/k", old)
        with driver.read("a/k") as reader:
            chunks = iter(reader)
            got = next(chunks)
            with ThreadPoolExecutor(1) as pool:
                # Some backends block a change until readers are closed: the reader continues while it is blocked.
                changed = pool.submit(CHANGES[change], driver)
                wait([changed], timeout=WAIT_SECONDS)
                try:
                    got += b"".join(chunks)
                except StorageError as broken:
                    assert broken.retryable or isinstance(broken, NotFound)  # noqa: PT017 - a backend may also continue
                else:
                    assert Content(got) == old
                reader.close()
            changed.result()
