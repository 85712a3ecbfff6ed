"""Tests of calls that use an upload, or its neighbours, while the body of an append is still iterated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

import pytest

from entrepot_contract import StorageDriver, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back, revived, upload

__all__ = ["InterruptedAppendContract"]

Answer = TypeVar("Answer")
PATIENCE = 60.0
"""Seconds within which a call of another thread must return: it may wait for the append, but not forever."""


def attempt(call: Callable[[], Answer]) -> Answer | None:
    """Return the result of a call, or None if it raised UploadConflict or UploadUnknown."""
    try:
        return call()
    except (UploadConflict, UploadUnknown):
        return None


def elsewhere(call: Callable[[], object]) -> None:
    """Make a call in another thread, and raise its exception."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"a call did not return within {PATIENCE} s while an append was waiting for its body"
    if raised:
        raise raised[0]


def here(call: Callable[[], object]) -> None:
    """Make a call in this thread."""
    call()


PLACES: Mapping[str, Callable[[Callable[[], object]], None]] = {"same-thread": here, "other-thread": elsewhere}


def interrupted(first: bytes, call: Callable[[], object], last: bytes) -> Iterator[bytes]:
    """Yield ``first``, make a call, and yield ``last``."""
    for start in range(0, len(first), 2**20):
        yield first[start : start + 2**20]
    call()
    yield last


in_both_places = pytest.mark.parametrize("place", PLACES)


class InterruptedAppendContract(ContractBase):
    """Tests of calls in the middle of an append; ``place`` is the thread that makes them."""

    @sentence("upload_append", "those that contradict each other raise UploadConflict or UploadUnknown.")
    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @pytest.mark.parametrize("parts", [0.01, 1.5])
    @in_both_places
    def test_an_abort_ends_a_running_append(self, driver: StorageDriver, part: int, place: str, parts: float) -> None:
        other = driver.upload_append(driver.upload_start("a/k"), [b"other"])
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        data = interrupted(
            body(int(part * parts)), lambda: PLACES[place](lambda: driver.upload_abort(revived(base))), b"more"
        )
        state = attempt(lambda: driver.upload_append(base, data))
        assert state is None, "an append succeeded although its upload was aborted meanwhile"
        for left in (base, driver.upload_start("a/k")):
            driver.upload_abort(left)
        assert attempt(lambda: driver.upload_commit(base)) is None, "an aborted upload was committed"
        assert listed(driver) == [], "an aborted upload has made an object"
        driver.upload_commit(other)
        assert read_back(driver, "a/k") == b"other", "an abort has changed another upload of the same key"

    @sentence("upload_append", "those that contradict each other raise UploadConflict or UploadUnknown.")
    @pytest.mark.parametrize("parts", [0.01, 1.5])
    @in_both_places
    def test_a_commit_and_a_running_append_exclude_each_other(
        self, driver: StorageDriver, part: int, place: str, parts: float
    ) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        done: list[object] = []

        def commit() -> None:
            done.append(attempt(lambda: driver.upload_commit(revived(base), target="b/early")))

        first = body(int(part * parts))
        state = attempt(lambda: driver.upload_append(base, interrupted(first, lambda: PLACES[place](commit), b"more")))
        if done[0] is not None:
            assert read_back(driver, "b/early") == b"base", "a commit during an append has committed other bytes"
            late = None if state is None else attempt(lambda: driver.upload_commit(state, target="b/late"))
            assert late is None, "an upload was committed twice, during an append and after it"
            assert listed(driver) == ["b/early"]
            return
        last = base if state is None else state
        assert driver.upload_commit(revived(last), target="b/late").size == last.size
        assert read_back(driver, "b/late") == b"base" + (b"" if state is None else first + b"more")
        assert listed(driver) == ["b/late"], "a commit that raised has made an object"

    @sentence("upload_append", "those that contradict each other raise UploadConflict or UploadUnknown.")
    @sentence("upload_append", "Of two appends from one state, at most one result can be committed;")
    @pytest.mark.parametrize("parts", [0.01, 1.5])
    @pytest.mark.parametrize("early", [True, False])
    @in_both_places
    def test_an_append_within_an_append_is_not_mixed_with_it(
        self, driver: StorageDriver, part: int, place: str, parts: float, early: bool
    ) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        inner: list[UploadState | None] = []
        within, first = body(int(part * parts) + 1, seed=1), body(int(part * parts), seed=2)

        def append() -> None:
            inner.append(attempt(lambda: driver.upload_append(revived(base), [within])))

        outer = attempt(lambda: driver.upload_append(base, interrupted(first, lambda: PLACES[place](append), b"more")))
        contents = {"inner": b"base" + within, "outer": b"base" + first + b"more"}
        states = {"inner": inner[0], "outer": outer}
        won = []
        for name in sorted(states, reverse=not early):
            state = states[name]
            with suppress(UploadConflict, UploadUnknown):
                if state is not None:
                    won.append(driver.upload_commit(state, target=f"b/{name}").key.removeprefix("b/"))
        assert won, "of an append and an append within it, none could be committed"
        assert len(won) == 1, "an append and an append within it were both committed"
        assert listed(driver) == [f"b/{won[0]}"]
        assert read_back(driver, f"b/{won[0]}") == contents[won[0]], "an append and an append within it were mixed"

    @sentence("upload_append", "Other calls may use the upload while ``data`` is iterated:")
    @sentence("upload_abort", "Other uploads stay as they are, also those for the same key.")
    @in_both_places
    def test_other_uploads_end_within_an_append(self, driver: StorageDriver, part: int, place: str) -> None:
        others = [driver.upload_append(driver.upload_start("a/k"), [b"%d" % number]) for number in range(3)]
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        first = body(part + 100)

        def end_others() -> None:
            driver.upload_commit(driver.upload_append(others[0], [b"+"]))
            driver.upload_abort(others[1])
            driver.upload_commit(others[2], target="b/2")
            upload(driver, "c/k", b"within")
            driver.move("c/k", "c/m")
            assert read_back(driver, "c/m") == b"within"
            assert listed(driver) == ["a/k", "b/2", "c/m"]
            driver.delete(["c/m"])

        state = driver.upload_append(base, interrupted(first, lambda: PLACES[place](end_others), b"more"))
        assert read_back(driver, "a/k") == b"0+"
        assert read_back(driver, "b/2") == b"2"
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == b"base" + first + b"more", "another upload has changed a running append"
        assert listed(driver) == ["a/k", "b/2"]

    @sentence("upload_append", "Other calls may use the upload while ``data`` is iterated:")
    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    @in_both_places
    def test_an_append_that_fails_leaves_what_came_within_it(
        self, driver: StorageDriver, part: int, place: str
    ) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        inner: list[UploadState | None] = []

        def append() -> None:
            inner.append(attempt(lambda: driver.upload_append(revived(base), [b" within"])))
            raise ValueError("raised by the body")

        def chunks() -> Iterator[bytes]:
            yield from interrupted(body(part // 2), lambda: PLACES[place](append), b"more")

        with pytest.raises(ValueError, match="raised by the body"):
            driver.upload_append(base, chunks())
        state = inner[0]
        if state is None:
            state = driver.upload_append(revived(base), [b" within"])
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == b"base within", "an append that failed has changed the upload"
