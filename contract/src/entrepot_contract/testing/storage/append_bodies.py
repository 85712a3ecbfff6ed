"""Tests of the bodies that ``upload_append`` iterates over: the kinds of chunks, and how the iteration is done."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections import deque
from collections.abc import Iterator

import pytest

from entrepot_contract import Chunks, StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import Content, body, read_back, revived

__all__ = ["AppendBodyContract"]

MANY, HELD = 24, 20
"""In parts: the size of a body, and how much of it may be in memory; drivers that send parts concurrently need 18."""


class Counted:
    """A body that remembers how often it was iterated, and whether to its end."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks
        self.begun = 0
        self.ended = False

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        yield from self.chunks
        self.ended = True


def resized(data: bytes, piece: int) -> Iterator[bytearray | memoryview]:
    """Yield ``data`` from buffers that are overwritten, resized and released when the next chunk is requested."""
    for number, start in enumerate(range(0, len(data), piece)):
        chunk = data[start : start + piece]
        if number % 2:
            buffer = bytearray(b"\xee" * 10 + chunk + b"\xee" * 10)
            with memoryview(buffer) as whole, whole[10:-10] as view:
                yield view
        else:
            buffer = bytearray(chunk)
            yield buffer
        try:
            buffer.clear()
        except BufferError:
            pytest.fail(
                "upload_append still holds a view of a chunk when it requests the next one: "
                "the caller cannot resize its buffer"
            )


class AppendBodyContract(ContractBase):
    """Tests of the iteration over the body of an append."""

    @sentence("Chunks", "When the next chunk is requested, the driver holds no view of the last one:")
    @sentence("Chunks", "its buffer may be changed, resized or released.")
    @pytest.mark.parametrize("piece", [1_000, 100_003, 2**20])
    def test_append_holds_no_view_of_an_earlier_chunk(self, driver: StorageDriver, part: int, piece: int) -> None:
        data = body(min(part * 2, 400 * piece) + 5)
        state = driver.upload_append(driver.upload_start("a/k"), resized(data, piece))
        state = driver.upload_append(state, resized(data[:5_000], piece))
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == data + data[:5_000], "a chunk was read after the next one was requested"

    @sentence("Chunks", "A memoryview is contiguous, and its items are single bytes.")
    @sentence("Chunks", "Chunks of a body, of any size, each valid only until the next one is requested.")
    def test_append_takes_every_kind_of_memoryview(self, driver: StorageDriver) -> None:
        data = body(300_000)
        buffer = bytearray(data)
        with memoryview(data) as fixed, memoryview(buffer) as changing:
            chunks: list[bytes | bytearray | memoryview] = [
                fixed[:100],
                fixed[100:100],
                changing[100:70_000],
                changing[70_000:100_000].toreadonly(),
                memoryview(fixed[100_000:200_000]),
                memoryview(bytearray()),
                bytearray(),
                buffer[200_000:299_999],
                fixed[299_999:],
            ]
            state = driver.upload_append(driver.upload_start("a/k"), chunks)
        assert state.size == len(data), f"{state.size} of {len(data)} bytes of memoryviews were appended"
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == data

    @sentence("Chunks", "Chunks of a body, of any size, each valid only until the next one is requested.")
    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @pytest.mark.parametrize("case", ["single-bytes", "20-mib", "parts", "around-parts"])
    def test_append_takes_chunks_of_any_size(self, driver: StorageDriver, part: int, case: str) -> None:
        sizes = {
            "single-bytes": [1] * 3_000,
            "20-mib": [20 * 2**20 + 1],
            "parts": [part, part, 1],
            "around-parts": [part - 1, part + 1, 2, part - 2],
        }[case]
        data, chunks, at = body(sum(sizes)), [], 0
        for size in sizes:
            chunks.append(data[at : at + size])
            at += size
        state = driver.upload_append(driver.upload_start("a/k"), [b"+"])
        state = driver.upload_append(state, chunks)
        assert state.size == 1 + len(data)
        assert driver.upload_commit(state).size == 1 + len(data)
        assert read_back(driver, "a/k") == b"+" + data

    @sentence("upload_append", "``data`` is iterated once, to its end.")
    def test_a_body_is_iterated_once_to_its_end(self, driver: StorageDriver, part: int) -> None:
        state, whole = driver.upload_start("a/k"), b""
        for size in (0, 1, 70_000, part, part + 1):
            data = body(size)
            counted = Counted([data[at : at + 50_000] for at in range(0, size, 50_000)])
            state = driver.upload_append(state, counted)
            whole += data
            assert counted.begun == 1, f"the body was iterated {counted.begun} times"
            assert counted.ended, "the body was not iterated to its end"
            assert state.size == len(whole)
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == whole

    @sentence("upload_append", "``data`` is iterated once, to its end.")
    def test_any_iterable_is_a_body(self, driver: StorageDriver) -> None:
        bodies: list[Chunks] = [
            [b"list, "],
            (b"tuple, ",),
            iter([b"iterator, "]),
            deque([b"deque, "]),
            (chunk for chunk in [b"generator"]),
        ]
        state = driver.upload_start("a/k")
        for data in bodies:
            state = driver.upload_append(state, data)
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == b"list, tuple, iterator, deque, generator"

    @sentence("upload_append", "``data`` is iterated once, to its end.")
    def test_a_body_is_not_kept_after_the_append(self, driver: StorageDriver) -> None:
        class Chunk(bytearray):
            """A chunk that shows whether it is still in use."""

        kept: list[weakref.ref[Chunk]] = []

        def chunks() -> Iterator[bytearray]:
            for _ in range(20):
                chunk = Chunk(100_000)
                kept.append(weakref.ref(chunk))
                yield chunk

        state = driver.upload_append(driver.upload_start("a/k"), chunks())
        gc.collect()
        left = sum(chunk() is not None for chunk in kept)
        assert not left, f"{left} of 20 chunks are still referenced after upload_append has returned"
        driver.upload_commit(state)

    @sentence("upload_append", "With the capability ``shared``, it is stored as it is received,")
    @sentence("upload_append", "and never held in memory completely.")
    @needs("shared")
    def test_append_never_holds_the_whole_body(self, driver: StorageDriver, part: int) -> None:
        chunk, size = body(2**18), MANY * part // 2**18 * 2**18
        state = driver.upload_start("a/k")
        tracemalloc.start()
        try:
            state = driver.upload_append(state, (chunk for _ in range(0, size, len(chunk))))
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        driver.upload_abort(state)
        assert state.size == size
        assert held < HELD * part, f"{held} bytes were in memory while a body of {size} bytes was appended"

    @sentence("upload_append", "Appending nothing returns a usable state of the same size.")
    def test_appending_nothing_changes_nothing(self, driver: StorageDriver, part: int) -> None:
        state, whole = driver.upload_start("a/k"), b""
        nothing: list[Chunks] = [[], [b""], [b"", bytearray(), memoryview(b"")], iter(())]
        for size in (0, 1, part + 1):
            state = driver.upload_append(state, [b"", body(size), b"", b"end", b""])
            whole += body(size) + b"end"
            for empty in nothing:
                state = driver.upload_append(revived(state), empty)
                assert (state.key, state.size) == ("a/k", len(whole)), "an append of nothing changed the size"
        assert driver.upload_commit(state).size == len(whole)
        assert read_back(driver, "a/k") == whole

    @sentence("upload_append", "Appending nothing returns a usable state of the same size.")
    @sentence("upload_append", "appending from it again discards the bytes past its size.")
    def test_appending_nothing_discards_bytes_past_the_state(self, driver: StorageDriver, part: int) -> None:
        for number, base_size in enumerate((0, 4, part + 4)):
            base = driver.upload_append(driver.upload_start("a/k"), [body(base_size)])
            driver.upload_append(base, [body(part + 7, seed=1)])
            again = driver.upload_append(revived(base), [])
            assert again.size == base_size
            driver.upload_commit(driver.upload_append(again, [b"end"]), target=f"done/{number}")
            assert read_back(driver, f"done/{number}") == Content(body(base_size) + b"end")
