"""Tests that readers leave no file, connection or thread, however they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from entrepot_contract import NotFound, RangeError, Reader, StorageDriver
from entrepot_contract.testing.opened import open_resources
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body

__all__ = ["ReleasedContract"]

TURNS: Final = 12
LARGE: Final = 9 * 2**20 + 1
SOON: Final = 20.0
"""Seconds: the other end of a connection may be a thread of this process, which notices its end a little later."""

KEY: Final = "a/large"


def unread(driver: StorageDriver) -> Iterator[Reader]:
    """Close a reader before its first chunk."""
    reader = driver.read(KEY)
    reader.close()
    yield reader


def unread_range(driver: StorageDriver) -> Iterator[Reader]:
    """Close the reader of a range before its first chunk."""
    reader = driver.read(KEY, offset=1, length=LARGE - 2)
    reader.close()
    yield reader


def begun(driver: StorageDriver) -> Iterator[Reader]:
    """Close a reader after its first chunk."""
    reader = driver.read(KEY)
    next(iter(reader))
    reader.close()
    yield reader


def whole(driver: StorageDriver) -> Iterator[Reader]:
    """Read all, and leave the ``with`` block."""
    with driver.read(KEY) as reader:
        assert sum(map(len, reader)) == LARGE
    yield reader


def left(driver: StorageDriver) -> Iterator[Reader]:
    """Leave the ``with`` block with an exception."""
    with pytest.raises(ValueError, match="of the caller"), driver.read(KEY, offset=5) as reader:
        raise ValueError("of the caller")
    yield reader


def past_the_end(driver: StorageDriver) -> Iterator[Reader]:
    """Read from an offset past the end."""
    with pytest.raises(RangeError):
        driver.read(KEY, offset=LARGE + 1)
    yield from ()


def missing(driver: StorageDriver) -> Iterator[Reader]:
    """Read what does not exist, and what is only a prefix."""
    for key in ("a/missing", "a"):
        with pytest.raises(NotFound):
            driver.read(key)
    yield from ()


ENDS: Final[dict[str, Callable[[StorageDriver], Iterator[Reader]]]] = {
    end.__name__: end for end in (unread, unread_range, begun, whole, left, past_the_end, missing)
}


class ReleasedContract(ContractBase):
    """Tests that count what the process has open."""

    @sentence("Reader.close", "Close the connection or file. Idempotent.")
    @pytest.mark.parametrize("end", ENDS)
    def test_readers_leave_nothing_open(self, driver: StorageDriver, end: str) -> None:
        driver.put(KEY, body(LARGE))
        kept = list(ENDS[end](driver))  # what is opened once for all calls is open from now on
        before = open_resources()
        for _ in range(TURNS):
            kept += ENDS[end](driver)
        after, until = open_resources(), time.monotonic() + SOON
        # A pool may open some at first; what grows with every reader is a leak.
        while after[0] >= before[0] + TURNS or after[1] >= before[1] + TURNS:
            assert time.monotonic() < until, (
                f"{TURNS} readers ({end.replace('_', ' ')}) left files, connections or threads open: "
                f"{before[0]} files and {before[1]} threads before, {after[0]} and {after[1]} after"
            )
            time.sleep(0.05)
            after = open_resources()
