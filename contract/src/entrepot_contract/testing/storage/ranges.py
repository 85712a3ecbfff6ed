"""Tests of reads of ranges: every sentence of a complete read, at every edge of an object."""

from __future__ import annotations

import tracemalloc

import pytest

from entrepot_contract import NotFound, RangeError, StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, pieces, read_back, upload
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["RangeContract"]

MIB = 2**20
FAR = (2**31 - 1, 2**31, 2**32, 2**32 + 5, 2**53 + 1, 2**63 - 1, 2**63, 2**64)
"""Lengths and offsets at which integers of other languages and protocols overflow."""


class RangeContract(ContractBase):
    """Tests of reads with ``offset`` and ``length``."""

    @sentence("read", "A missing key raises NotFound here, not at the first chunk.")
    @pytest.mark.parametrize("key", ["missing", "a", "a/b/c"])
    def test_range_of_a_missing_key_raises_at_once(self, driver: StorageDriver, key: str) -> None:
        driver.put("a/b", b"object")
        for offset, length in ((0, 0), (0, 1), (1, None), (5, 5), (2**32, 1)):
            with refused(NotFound, driver, "read", key):
                driver.read(key, offset=offset, length=length)

    @sentence("read", "An ``offset`` equal to the size reads nothing; a larger one raises RangeError here.")
    @pytest.mark.parametrize("size", [0, 1, 100_000])
    def test_range_that_starts_past_the_end_raises_at_once(self, driver: StorageDriver, size: int) -> None:
        driver.put("k", body(size))
        for length in (0, 1, 2**64):
            assert read_back(driver, "k", offset=size, length=length) == b"", (
                "an offset equal to the size reads nothing"
            )
        for offset in (size + 1, size + 2, size + 70_000, *FAR):
            with refused(RangeError, driver, "read", "k"):
                driver.read("k", offset=offset)
        for length in (0, 1, 2**64):
            with refused(RangeError, driver, "read", "k"):
                driver.read("k", offset=size + 1, length=length)

    @sentence("read", "A range that extends past the end is truncated, however large ``length`` is.")
    def test_range_of_any_length_is_truncated(self, driver: StorageDriver) -> None:
        data = body(100_003)
        driver.put("k", data)
        driver.put("empty", b"")
        for length in FAR:
            for offset in (0, 10, len(data) - 1):
                found = read_back(driver, "k", offset=offset, length=length)
                assert found == data[offset:], f"offset={offset}, length={length} must read the rest of the object"
            assert read_back(driver, "empty", length=length) == b""

    @sentence("read", "Read an object, or ``length`` bytes of it starting at ``offset``.")
    @pytest.mark.parametrize("made", ["put", "commit", "move"])
    def test_range_at_every_boundary(self, driver: StorageDriver, part: int, made: str) -> None:
        data = body(2 * MIB + 70_001 if made == "put" else max(2 * part + 3, 2 * MIB + 1))
        if made == "put":
            driver.put("k", data)
        else:
            state = driver.upload_start("k")
            for start, stop in ((0, part), (part, part + 1), (part + 1, len(data))):
                state = driver.upload_append(state, pieces(data[start:stop], 300_000))
            driver.upload_commit(state, target="other" if made == "move" else None)
            if made == "move":
                driver.move("other", "k")
        size = len(data)
        edges = sorted({edge for edge in (1, 2**12, 2**16, MIB, part, part + 1, 2 * part, size) if edge <= size})
        ranges: list[tuple[int, int | None]] = []
        ranges += [
            (at, length) for edge in edges for at, length in ((edge - 1, 2), (edge, 1), (edge - 1, 1), (edge, 0))
        ]
        ranges += [(max(edge - 70_000, 0), 140_000) for edge in edges]
        ranges += [(0, 0), (0, 1), (size - 1, None), (0, size - 1), (0, size), (0, size + 1), (1, size - 2)]
        for offset, length in ranges:
            end = None if length is None else offset + length
            found = read_back(driver, "k", offset=offset, length=length)
            assert found == data[offset:end], f"offset={offset}, length={length} of an object of {size} bytes"

    @sentence("read", "The object is streamed, and never held in memory completely.")
    @sentence("Reader", "an iterator of non-empty chunks of about 1 MiB")
    def test_range_is_streamed_in_chunks_of_about_1_mib(self, driver: StorageDriver) -> None:
        data = body(32 * MIB)
        upload(driver, "k", data)
        tracemalloc.start()
        sizes: list[int] = []
        try:
            with driver.read("k", offset=5, length=30 * MIB) as reader:
                for chunk in reader:
                    assert type(chunk) is bytes, f"a chunk of a range is {type(chunk).__name__}, not bytes"
                    sizes.append(len(chunk))
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert sum(sizes) == 30 * MIB
        assert held < 16 * MIB, f"{held} bytes were held in memory while a range of {30 * MIB} was read"
        assert min(sizes) > 0, "a chunk of a range is empty"
        assert max(sizes) <= 4 * MIB, f"a chunk of a range has {max(sizes)} bytes"
        assert len(sizes) <= 30 * 16, "chunks of less than 64 KiB cost more than the bytes"

    @sentence("Reader.info", "The info of the complete object, whatever range is read.")
    def test_range_has_the_info_of_the_complete_object(self, driver: StorageDriver, part: int) -> None:
        size = part + 100_000
        driver.put("put", body(1000))
        upload(driver, "commit", body(size))
        driver.put("source", body(1000))
        driver.move("source", "move")
        driver.put("empty", b"")
        for key, whole in (("put", 1000), ("commit", size), ("move", 1000), ("empty", 0)):
            stat = driver.stat(key)
            for offset, length in ((0, None), (0, 0), (0, 1), (whole // 2, 7), (whole, None), (whole, 5), (0, 2**40)):
                with driver.read(key, offset=offset, length=length) as reader:
                    info = reader.info
                    assert info == stat, f"the info of offset={offset}, length={length} differs from stat"
                    for _ in reader:
                        assert reader.info == stat, "the info of a reader changed while it was read"
