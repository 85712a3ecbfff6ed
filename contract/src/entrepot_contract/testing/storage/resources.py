"""Tests of what a driver holds: files, connections and threads, and locks while its caller is slow."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from contextlib import suppress

import pytest

from entrepot_contract import (
    AlreadyExists,
    NotFound,
    RangeError,
    StorageDriver,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.testing.opened import open_resources
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import Content, body, listed, read_back, store, upload

__all__ = ["ResourceContract"]

ROUNDS = 30
FEWEST = 16
LONG = 3.0
"""Seconds after which the fewest rounds are enough."""

POOL = 12
"""Files and threads that a driver may keep from its first calls on, or open for a moment: those of a pool."""

CROWD = 64
PATIENCE = 60.0
"""Seconds; generous, because the test shows that a call is not blocked, and not that it is fast."""

OF_LIBRARIES = ("/dev/urandom", "/var/lib/libuuid/clock.txt")
"""Files that libraries of the system keep open for each thread, and not for a driver."""


class Gone(Exception):  # noqa: N818 - of a body whose client is gone
    """Raised by a body."""


def held() -> tuple[int, int]:
    """Return the number of open files, where the system lists them, and of threads."""
    gc.collect()
    return open_resources(*OF_LIBRARIES)


def assert_nothing_stays(what: Callable[[], object], name: str) -> None:
    """Run it some times, and assert that the numbers of open files and threads do not grow with more times."""
    for _ in range(3):
        what()
    files, threads = held()
    rounds, start = 0, time.monotonic()
    while rounds < FEWEST or (rounds < ROUNDS and time.monotonic() - start < LONG):
        what()
        rounds += 1
    more_files, more_threads = held()
    assert more_files <= files + POOL, f"{rounds} times {name} left {more_files - files} files or connections open"
    assert more_threads <= threads + POOL, f"{rounds} times {name} left {more_threads - threads} threads running"


def leave_listings(driver: StorageDriver) -> None:
    """Take the first items of listings, and drop the listings."""
    for shallow in (False, True):
        items = driver.list_objects(shallow=shallow)
        next(items)
        del items


def broken_body() -> Iterator[bytes]:
    """Yield a chunk, and raise."""
    yield b"x" * 1000
    raise Gone


class ResourceContract(ContractBase):
    """Tests of what stays open, and of what waits for what."""

    @sentence("StorageDriver", "What a call opens is closed when it, its reader or its listing ends, however that is.")
    def test_reads_and_listings_leave_nothing_open(self, driver: StorageDriver) -> None:
        driver.put("a/k", body(9 * 2**20))
        store(driver, "a/l/1", "a/l/2", "b")

        def refused() -> None:
            with pytest.raises(NotFound):
                driver.read("missing")
            with pytest.raises(RangeError):
                driver.read("a/k", offset=2**30)
            with pytest.raises(NotFound):
                driver.stat("a")

        def left_early() -> None:
            with driver.read("a/k") as reader:
                next(iter(reader))
            driver.read("a/k", offset=5).close()
            with suppress(Gone), driver.read("a/k", length=2**20):
                raise Gone

        def exhausted() -> None:
            reader = driver.read("a/k", offset=2**20)
            for _ in reader:
                pass
            reader.close()

        def listed_early() -> None:
            leave_listings(driver)
            driver.list_objects("a/")

        assert_nothing_stays(refused, "reads and stats that are refused")
        assert_nothing_stays(left_early, "readers that are left early")
        assert_nothing_stays(exhausted, "readers that are read to their end")
        assert_nothing_stays(listed_early, "listings that are left early")

    @sentence("StorageDriver", "What a call opens is closed when it, its reader or its listing ends, however that is.")
    def test_writes_leave_nothing_open(self, driver: StorageDriver) -> None:
        def refused() -> None:
            driver.put("k", b"content")
            if driver.capabilities.create:
                with pytest.raises(AlreadyExists):
                    driver.put("k", b"other", mode=WriteMode.CREATE)
            with pytest.raises(NotFound):
                driver.move("missing", "k")
            driver.delete(["missing"])
            driver.health()

        def broken() -> None:
            state = driver.upload_start("k")
            with pytest.raises(Gone):
                driver.upload_append(state, broken_body())
            driver.upload_abort(state)

        def works() -> None:
            info = upload(driver, "a/k", b"content")
            driver.move(info.key, "a/moved")
            driver.upload_abort(driver.upload_append(driver.upload_start("a/k"), [b"aborted"]))
            assert listed(driver, "a/") == ["a/moved"]
            driver.delete(["a/moved"])
            with pytest.raises(UploadUnknown):
                driver.upload_commit(UploadState("a/k", 0, "null"))

        assert_nothing_stays(refused, "writes that are refused")
        assert_nothing_stays(broken, "appends whose body raises")
        assert_nothing_stays(works, "uploads, moves and deletions")

    @sentence("close", "Close connections and files.")
    def test_closed_drivers_leave_nothing_open(self, config: Mapping[str, object]) -> None:
        def used() -> None:
            driver = self.driver_class.from_config(config)
            driver.put("k", b"content")
            upload(driver, "l", b"content")
            assert read_back(driver, "k") == b"content"
            driver.move("l", "m")
            assert listed(driver) == ["k", "m"]
            driver.delete(["k", "m"])
            driver.health()
            driver.close()

        assert_nothing_stays(used, "a driver that is opened, used and closed")

    @sentence("close", "Other drivers stay usable, also on the same store.")
    def test_close_leaves_another_driver_usable(self, open_driver: Opener) -> None:
        data = body(5 * 2**20)
        first, second = open_driver(), open_driver()
        for driver in (first, second):
            driver.put("a/k", data)
            assert read_back(driver, "a/k") == data
        state = second.upload_append(second.upload_start("a/upload"), [b"before "])
        items = second.list_objects()
        first_key = next(items).key
        with second.read("a/k") as reader:
            chunks = iter(reader)
            got = next(chunks)
            for _ in range(5):
                first.close()
            got += b"".join(chunks)
        assert Content(got) == data, "closing a driver ended a reader of another one"
        assert [first_key, *(item.key for item in items)] == ["a/k"]
        second.upload_commit(second.upload_append(state, [b"after"]))
        assert read_back(second, "a/upload") == b"before after"
        second.move("a/k", "b/k")
        assert listed(second) == ["a/upload", "b/k"]
        assert second.health().ok, "closing a driver made another one unhealthy"
        info = second.stat("b/k")
        assert info.size == len(data)
        if second.capabilities.conditional_delete:
            assert second.delete_unchanged(info), "closing a driver made another one unable to delete an object"
        second.delete(["b/k", "a/upload"])
        second.upload_abort(second.upload_append(second.upload_start("u"), [b"aborted"]))
        assert listed(second) == [], "closing a driver made another one unable to delete objects"
        third = open_driver()
        third.put("c", b"third")
        assert read_back(third, "c") == b"third"

    @sentence("StorageDriver", "Any number of readers, listings, appends and deletions may be in progress: one that")
    @sentence("StorageDriver", "waits for its caller keeps no other call waiting.")
    @pytest.mark.parametrize("slow", ["readers", "appends", "listings", "deletions"])
    def test_slow_callers_keep_no_other_call_waiting(self, driver: StorageDriver, slow: str) -> None:
        driver.put("a/large", body(4 * 2**20))
        store(driver, "a/k", "d/1", "d/2")
        go_on, begun = threading.Event(), threading.Semaphore(0)

        def wait() -> None:
            begun.release()
            go_on.wait(PATIENCE * 3)

        def stalled(first: bytes) -> Iterator[bytes]:
            yield first
            wait()
            yield b"end"

        def keys(number: int) -> Iterator[str]:
            yield f"missing/{number}"
            wait()
            yield f"missing/{number}/2"

        def read(number: int) -> None:
            with driver.read("a/large", offset=number) as reader:
                chunks = iter(reader)
                next(chunks)
                wait()
                for _ in chunks:
                    pass

        def append(number: int) -> None:
            state = driver.upload_start(f"u/{number}")
            driver.upload_abort(driver.upload_append(state, stalled(b"x" * 100_000)))

        def list_slowly(number: int) -> None:
            items = driver.list_objects("d/", shallow=bool(number % 2))
            next(items)
            wait()
            list(items)

        works: dict[str, Callable[[int], None]] = {
            "readers": read,
            "appends": append,
            "listings": list_slowly,
            "deletions": lambda number: driver.delete(keys(number)),
        }
        with ThreadPoolExecutor(CROWD) as crowd, ThreadPoolExecutor(1) as caller:
            try:
                waiting: list[Future[None]] = [crowd.submit(works[slow], number) for number in range(CROWD)]
                for _ in waiting:
                    self.wait_for_one(begun, waiting, slow)
                self.check_calls(driver, caller, slow)
            finally:
                go_on.set()
            for each in waiting:
                each.result(PATIENCE)
        assert "d/2" in listed(driver)

    def wait_for_one(self, begun: threading.Semaphore, waiting: list[Future[None]], slow: str) -> None:
        """Wait until one more caller waits, and assert that none has failed."""
        deadline = time.monotonic() + PATIENCE
        while not begun.acquire(timeout=0.1):
            for each in waiting:
                if each.done():
                    each.result()
            assert time.monotonic() < deadline, f"{CROWD} {slow} at the same time keep each other waiting"

    def check_calls(self, driver: StorageDriver, caller: ThreadPoolExecutor, slow: str) -> None:
        """Make each call, and assert that it returns while ``slow`` callers wait."""
        calls: dict[str, Callable[[], object]] = {
            "stat": lambda: driver.stat("a/k"),
            "read": lambda: read_back(driver, "a/k"),
            "put": lambda: driver.put("b/k", b"content"),
            "overwrite": lambda: driver.put("a/k", b"content"),
            "list_objects": lambda: listed(driver, "a/"),
            "upload": lambda: upload(driver, "b/upload", b"content"),
            "move": lambda: driver.move("b/k", "b/moved"),
            "delete": lambda: driver.delete(["b/moved"]),
            "health": driver.health,
        }
        for name, call in calls.items():
            called = caller.submit(call)
            try:
                called.result(PATIENCE)
            except LateError:
                pytest.fail(
                    f"{name} did not return within {PATIENCE:.0f} s while {CROWD} {slow} waited for their caller"
                )
