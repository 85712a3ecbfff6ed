"""Tests of readers: several at once, in other threads, iterated again and closed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

import pytest

from entrepot_contract import Reader, StorageDriver, StorageError
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import Content, body, read_back, upload
from entrepot_contract.testing.threads import together

__all__ = ["ReaderContract"]

SIZE = 6 * 2**20 + 11


class ReaderContract(ContractBase):
    """Tests of the Reader that ``read`` returns."""

    @sentence("Reader", "Readers are independent of each other.")
    def test_readers_of_one_object_are_interleaved(self, driver: StorageDriver) -> None:
        data, other = body(SIZE, seed=1), body(SIZE, seed=2)
        driver.put("a/k", data)
        upload(driver, "a/other", other)
        ranges = [(0, None), (0, None), (3 * 2**20 + 1, 2 * 2**20), (5, 10)]
        readers = [driver.read("a/k", offset=offset, length=length) for offset, length in ranges]
        readers.append(driver.read("a/other"))
        expected = [data[offset:][:length] for offset, length in ranges] + [other]
        got = [bytearray() for _ in readers]
        for chunks in zip_longest(*readers, fillvalue=b""):
            for buffer, chunk in zip(got, chunks, strict=True):
                buffer += chunk
        for reader in readers:
            reader.close()
        for number, (buffer, whole) in enumerate(zip(got, expected, strict=True)):
            assert Content(bytes(buffer)) == whole, f"reader {number} of five that were read in turn has other bytes"

    @sentence("Reader", "Readers are independent of each other.")
    def test_closing_a_reader_leaves_the_others_usable(self, driver: StorageDriver) -> None:
        data = body(SIZE)
        driver.put("a/k", data)
        first, second = driver.read("a/k"), driver.read("a/k", offset=1)
        chunks, others = iter(first), iter(second)
        got = next(chunks)
        next(others)
        second.close()
        with driver.read("a/k", offset=2) as third:
            next(iter(third))
        got += b"".join(chunks)
        first.close()
        assert Content(got) == data

    @sentence("Reader", "It may be used by another thread than the one that opened it")
    def test_reader_is_used_by_another_thread(self, driver: StorageDriver) -> None:
        data = body(SIZE)
        driver.put("a/k", data)
        with ThreadPoolExecutor(1) as pool, driver.read("a/k") as reader:
            first = next(iter(reader))
            rest = pool.submit(b"".join, reader).result()
            pool.submit(reader.close).result()
            assert Content(first + rest) == data
            opened: Reader = pool.submit(driver.read, "a/k", offset=7).result()
        with opened:
            assert Content(b"".join(opened)) == data[7:], "a reader outlives the thread that opened it"

    @sentence("Reader", "Readers are independent of each other.")
    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_threads_read_ranges_of_one_object(self, driver: StorageDriver) -> None:
        data = body(SIZE)
        driver.put("a/k", data)

        def work(number: int) -> None:
            for turn in range(6):
                offset = (number * 1_000_003 + turn * 700_001) % SIZE
                length = 300_000 + 100_000 * turn
                found = read_back(driver, "a/k", offset=offset, length=length)
                assert found == data[offset : offset + length], "a range read beside others has other bytes"

        together(work)

    @sentence("Reader", "iterating again continues after the last chunk.")
    def test_reader_continues_where_the_last_iteration_ended(self, driver: StorageDriver) -> None:
        data = body(SIZE)
        driver.put("a/k", data)
        for offset, length in ((0, None), (10, SIZE - 30)):
            with driver.read("a/k", offset=offset, length=length) as reader:
                got = [next(iter(reader)), next(iter(reader))]
                got += list(reader)
                again = list(reader)
            whole = data[offset:][:length]
            assert Content(b"".join(got)) == whole, "iterating again must continue after the last chunk"
            assert again == [], "a reader that was read to its end must yield no further chunks"

    @sentence("Reader.close", "A closed reader yields no bytes: iterating it ends, or raises Unavailable.")
    @pytest.mark.parametrize("size", [100, SIZE])
    def test_closed_reader_yields_nothing(self, driver: StorageDriver, size: int) -> None:
        driver.put("a/k", body(size))
        for begun in (False, True):
            with driver.read("a/k") as reader:
                if begun:
                    next(iter(reader))
            try:
                got = list(reader)
            except StorageError as closed:
                assert closed.retryable, f"a closed reader must raise Unavailable, not {closed!r}"  # noqa: PT017 - or end
            else:
                assert got == [], "a closed reader must not yield bytes"
            reader.close()
        assert read_back(driver, "a/k") == body(size), "the object can be read after readers of it were closed"

    @sentence("Reader", "and a context manager.")
    def test_with_block_closes_the_reader_and_passes_exceptions(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(1000))
        stop = RuntimeError("raised by the caller")
        for _ in range(3):
            reader = driver.read("a/k")
            passed: RuntimeError | None = None
            try:
                with reader as entered:
                    assert entered is reader, "a reader's `with` block must give the reader itself"
                    raise stop
            except RuntimeError as error:
                passed = error
            assert passed is stop, "a reader's `with` block must pass exceptions on"
            reader.close()
