"""Tests of bodies that raise: the exception passes through unchanged, and nothing of the append is left."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from entrepot_contract import (
    Chunks,
    NoSpace,
    NotFound,
    StorageDriver,
    StorageError,
    Throttled,
    Unavailable,
    UploadConflict,
    UploadState,
    UploadUnknown,
)
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back, revived

__all__ = ["AppendErrorContract"]


class StoppedError(BaseException):
    """Raised by a body; not caught by ``except Exception``."""


PLAIN: tuple[type[BaseException], ...] = (
    Exception,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
    EOFError,
    BufferError,
    MemoryError,
    OSError,
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    BlockingIOError,
    TimeoutError,
    ConnectionResetError,
    BrokenPipeError,
    StopAsyncIteration,
    asyncio.CancelledError,
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
    StoppedError,
)
CONTRACT: tuple[type[StorageError], ...] = (
    StorageError,
    NotFound,
    NoSpace,
    Unavailable,
    Throttled,
    UploadConflict,
    UploadUnknown,
)


def errors() -> Iterator[BaseException]:
    """Yield an exception of every class that a body may raise."""
    for plain in PLAIN:
        yield plain("raised by the body")
    for kind in CONTRACT:
        yield kind("raised by the body", driver="of the body", operation="read", key="of/the/body")


class Raising:
    """A body that raises when its chunks are used up, and counts what is requested after that."""

    def __init__(self, chunks: list[bytes], error: BaseException) -> None:
        self.left, self.error, self.asked = list(chunks), error, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.left:
            return self.left.pop(0)
        self.asked += 1
        if self.asked > 1:
            raise StopIteration
        raise self.error


def raised_by(driver: StorageDriver, state: UploadState, data: Chunks) -> BaseException | None:
    """Return the exception of an append; one that is no Exception would end the test run."""
    try:
        driver.upload_append(state, data)
    except BaseException as error:  # noqa: BLE001 - the test compares it
        return error
    return None


class AppendErrorContract(ContractBase):
    """Tests of appends whose body raises."""

    @sentence("upload_append", "This holds for every class of exception, also for the errors of this contract.")
    @pytest.mark.parametrize(
        "chunks", [[], [b"x"], [b"x" * 1_000, b"", b"y" * 99_000]], ids=["first", "second", "third"]
    )
    def test_every_exception_of_a_body_passes_unchanged(self, driver: StorageDriver, chunks: list[bytes]) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        for error in errors():
            kept = (error.args, dict(vars(error)))
            got = raised_by(driver, base, Raising(chunks, error))
            assert got is error, f"the body raised {error!r}, and upload_append raised {got!r}"
            assert (error.args, dict(vars(error))) == kept, f"upload_append has changed {error!r} of the body"
        assert listed(driver) == [], "an append whose body raised has made an object"
        driver.upload_commit(driver.upload_append(revived(base), [b" and end"]))
        assert read_back(driver, "a/k") == b"base and end"

    @sentence("upload_append", "This holds for every class of exception, also for the errors of this contract.")
    @sentence("upload_append", "If ``data`` raises, its exception is propagated, and ``state`` stays usable.")
    @pytest.mark.parametrize("place", ["in-a-part", "after-a-part", "after-two-parts", "at-a-part"])
    @pytest.mark.parametrize("start", [True, False])
    def test_a_state_stays_usable_wherever_a_body_raises(
        self, driver: StorageDriver, part: int, place: str, start: bool
    ) -> None:
        size = {"in-a-part": part // 2, "after-a-part": part + 10, "after-two-parts": 2 * part + 9, "at-a-part": part}[
            place
        ]
        base, before = driver.upload_start("a/k"), b""
        if not start:
            base, before = driver.upload_append(base, [body(70_001)]), body(70_001)
        for error in (
            ConnectionResetError("raised by the body"),
            StoppedError("raised by the body"),
            Unavailable("raised by the body", driver="other", operation="read", key="k"),
        ):
            data = body(size, seed=1)
            chunks = [data[at : at + 2**20] for at in range(0, size, 2**20)]
            got = raised_by(driver, base, Raising(chunks, error))
            assert got is error, f"the body raised {error!r}, and upload_append raised {got!r}"
            assert listed(driver) == [], "an append whose body raised has made an object"
        end = body(10, seed=2)
        state = driver.upload_append(revived(base), [end])
        assert state.size == len(before) + 10, "bytes of an append whose body raised were counted"
        assert driver.upload_commit(state).size == len(before) + 10
        assert read_back(driver, "a/k") == before + end, "bytes of an append whose body raised are in the object"

    @sentence("upload_append", "If ``data`` raises, its exception is propagated, and ``state`` stays usable.")
    def test_a_start_can_be_committed_after_a_body_that_raised(self, driver: StorageDriver, part: int) -> None:
        start = driver.upload_start("a/k")
        for size in (10, part + 10):
            error = ValueError("raised by the body")
            got = raised_by(driver, start, Raising([body(size)], error))
            assert got is error, f"the body raised {error!r}, and upload_append raised {got!r}"
        assert driver.upload_commit(revived(start)).size == 0
        assert read_back(driver, "a/k") == b"", "bytes of an append whose body raised were committed"

    @sentence("upload_append", "``data`` is iterated once, to its end.")
    def test_nothing_is_requested_from_a_body_after_it_raised(self, driver: StorageDriver, part: int) -> None:
        base = driver.upload_start("a/k")
        for chunks in ([], [b"x"], [body(part), b"x"]):
            for error in (OSError("raised by the body"), Unavailable("of it", driver="x", operation="read")):
                raising = Raising(chunks, error)
                raised_by(driver, base, raising)
                assert not raising.left, "the body was not iterated up to its exception"
                assert raising.asked == 1, "the body was asked for more after it had raised"
        driver.upload_abort(base)

    @sentence("upload_append", "``data`` is iterated once, to its end.")
    @sentence("upload_append", "After commit, abort or expiry it raises UploadUnknown.")
    def test_a_body_of_a_refused_append_is_released(self, driver: StorageDriver, part: int) -> None:
        ended: list[str] = []

        def chunks() -> Iterator[bytes]:
            try:
                yield b"some"
                yield body(part)
                yield b"more"
            finally:
                ended.append("closed")

        state = driver.upload_start("a/k")
        driver.upload_abort(state)
        data = chunks()
        used = weakref.ref(data)
        assert next(data) == b"some"
        assert isinstance(raised_by(driver, state, data), UploadUnknown)
        del data
        gc.collect()
        assert used() is None, "the driver still holds the body of an append that was refused"
        assert ended == ["closed"]
        assert listed(driver) == []
