"""Tests with objects and uploads that take minutes, and gigabytes: run with ``--contract-large``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from entrepot_contract import StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, read_back

__all__ = ["LargeContract"]

MIB: Final = 2**20
GIB: Final = 2**30
SIZE: Final = 5 * GIB + 5
APPENDS: Final = 10_000
TAIL: Final = body(MIB - 8)


def block(number: int) -> bytes:
    """Return the MiB with a number; each is different."""
    return number.to_bytes(8, "big") + TAIL


def part(start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of the large object from ``start`` to ``end``, in chunks of up to a MiB."""
    while start < end:
        number, offset = divmod(start, MIB)
        chunk = block(number)[offset : offset + end - start]
        yield chunk
        start += len(chunk)


class LargeContract(ContractBase):
    """Tests of sizes beyond the limits of 32 bits, of a copy in one request, and of the parts of an upload."""

    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @sentence("read", "Read an object, or ``length`` bytes of it starting at ``offset``.")
    @sentence("move", "On return the target is complete, replacing any existing object, and the source is gone.")
    @needs("large")
    def test_an_object_of_more_than_5_gib_is_whole_before_and_after_a_move(self, driver: StorageDriver) -> None:
        state = driver.upload_start("l/upload")
        for start in range(0, SIZE, 2 * GIB):
            state = driver.upload_append(state, part(start, min(start + 2 * GIB, SIZE)))
        assert state.size == SIZE
        driver.upload_commit(state, target="l/k")
        assert driver.stat("l/k").size == SIZE
        self.check_large(driver, "l/k")
        driver.move("l/k", "l/moved")
        assert driver.stat("l/moved").size == SIZE
        self.check_large(driver, "l/moved")
        driver.delete(["l/moved"])

    def check_large(self, driver: StorageDriver, key: str) -> None:
        """Check ranges around limits, and the whole object."""
        for limit in (2**31, 2**32, 5 * GIB, SIZE):
            start, end = limit - 3, min(limit + 5, SIZE)
            expected = b"".join(part(start, end))
            assert read_back(driver, key, offset=start, length=end - start) == expected, f"the range around {limit}"
        at, source, left = 0, part(0, SIZE), b""
        with driver.read(key) as reader:
            for chunk in reader:
                while len(left) < len(chunk):
                    left += next(source, b"\0")
                assert left.startswith(bytes(chunk)), f"other bytes at {at} to {at + len(chunk)}"
                left = left[len(chunk) :]
                at += len(chunk)
        assert at == SIZE, f"{at} of {SIZE} bytes were read"

    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @needs("large")
    def test_an_upload_of_10000_appends_is_whole(self, driver: StorageDriver) -> None:
        state = driver.upload_start("l/upload")
        for number in range(APPENDS):
            state = driver.upload_append(state, [b"%07d\n" % number])
        driver.upload_commit(state, target="l/k")
        assert read_back(driver, "l/k") == b"".join(b"%07d\n" % number for number in range(APPENDS))
