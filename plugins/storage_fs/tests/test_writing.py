"""Data is written correctly through the page cache and with O_DIRECT."""

from __future__ import annotations

import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_storage_fs import writing
from entrepot_storage_fs.failures import Reporting

REPORT = Reporting("upload_append", "k")
MIB = 2**20


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small limits and a page cache that counts as slow, so that few bytes exercise all code paths."""
    monkeypatch.setattr(writing, "WINDOW", 5_000)
    monkeypatch.setattr(writing, "SLOW", -1.0)
    monkeypatch.setattr(writing, "BLOCK", 2 * writing.ALIGNMENT)
    monkeypatch.setattr(writing, "_spare", deque(maxlen=2))


def pieces(data: bytes, size: int) -> Iterator[memoryview]:
    """Yield chunks that are overwritten when the next one is requested, as the contract allows."""
    room = bytearray(size)
    for start in range(0, len(data), size):
        part = data[start : start + size]
        room[: len(part)] = part
        yield memoryview(room)[: len(part)]


@pytest.mark.usefixtures("tiny")
@settings(deadline=None)
@given(appends=st.lists(st.tuples(st.integers(0, 70_000), st.integers(1, 30_000)), min_size=1, max_size=4))
def test_appends_of_any_size_in_chunks_of_any_size_are_written_correctly(appends: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as directory:
        fd = os.open(f"{directory}/file", os.O_RDWR | os.O_CREAT)
        expected = b""
        for size, piece in appends:
            data = os.urandom(size)
            assert writing.extend(fd, len(expected), pieces(data, piece), REPORT) == len(expected) + size
            expected += data
        assert os.pread(fd, len(expected) + 1, 0) == expected
        os.close(fd)


def ways(fd: int, data: bytes, seen: list[bool]) -> Iterator[memoryview]:
    for piece in pieces(data, MIB - 5):
        yield piece
        seen.append(bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT))


@pytest.mark.parametrize(("slow", "expected"), [(-1.0, [False] * 3 + [True] * 4), (1e9, [False] * 7)])
def test_o_direct_is_used_if_the_page_cache_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: float, expected: list[bool]
) -> None:
    monkeypatch.setattr(writing, "SLOW", slow)
    data = os.urandom(7 * (MIB - 5))
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    seen: list[bool] = []
    assert writing.extend(fd, 0, ways(fd, data, seen), REPORT) == len(data)
    assert os.pread(fd, len(data) + 1, 0) == data
    os.close(fd)
    assert seen == expected


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("kind", ["ramfs", "tmpfs"])
def test_a_filesystem_without_direct_writes_gets_the_same_bytes(mount: Callable[..., Path], kind: str) -> None:
    data = os.urandom(100_001)
    fd = os.open(mount(kind) / "file", os.O_RDWR | os.O_CREAT)
    assert writing.extend(fd, 0, pieces(data, 7_000), REPORT) == len(data)
    assert os.pread(fd, len(data) + 1, 0) == data
    os.close(fd)


@pytest.mark.usefixtures("tiny")
def test_a_filesystem_that_accepts_the_flag_but_rejects_writes_gets_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BLOCK", 3_001)  # not a multiple of any sector size
    data = os.urandom(50_000)
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    assert writing.extend(fd, 0, pieces(data, 9_000), REPORT) == len(data)
    assert os.pread(fd, len(data) + 1, 0) == data
    os.close(fd)


@pytest.mark.usefixtures("tiny")
def test_an_exception_of_the_body_is_propagated_and_its_block_is_reused(tmp_path: Path) -> None:
    def body() -> Iterator[bytes]:
        yield bytes(40_000)
        yield bytes(40_000)
        raise ConnectionResetError("the client went away")

    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    with pytest.raises(ConnectionResetError):
        writing.extend(fd, 0, body(), REPORT)
    assert len(writing._spare) == 1
    os.close(fd)


@pytest.mark.usefixtures("tiny")
def test_a_forked_process_never_writes_into_the_blocks_of_this_one(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    writing.extend(fd, 0, pieces(bytes(100_000), 7_000), REPORT)
    before = writing._spare[0][:]
    child = os.fork()
    if child == 0:
        writing._spare[0][:] = b"x" * len(before)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert writing._spare[0][:] == before
    os.close(fd)
