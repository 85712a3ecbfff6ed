"""Tests of verbs that change something, while connections break: what was done, and what the driver says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from entrepot_contract import (
    DeleteFailed,
    NotFound,
    StorageDriver,
    Unavailable,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.testing.outcomes import Outcome
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.breaking import HOWS, BreakingBase, check_failure
from entrepot_contract.testing.storage.content import Content, body, listed, pieces, read_back, store
from entrepot_contract.testing.weather import How, Proxy

__all__ = ["LosingContract"]

MOST: Final = 20
SIZE: Final = 200_000
PERHAPS: Final = "If a verb raises Unavailable, it may have taken effect"
OWN: Final = "repeats one of these must not take the effect of its own first attempt for that of another caller."
UNCHANGED: Final = "objects and upload states are as they were before, or as after the calls that failed"
USABLE: Final = "``state`` stays usable after an exception, a crash and a success;"
LOST: Final = "the response of the backend was lost"


class LosingContract(BreakingBase):
    """Tests of ``put``, ``move``, ``delete``, and of uploads."""

    def losing(self, proxy: Proxy, name: str, call: Callable[[int], object]) -> Iterator[tuple[int, Outcome]]:
        """Make a call repeatedly, and lose one response each time: the first, the second, until there is no more."""
        for turn in range(MOST):
            proxy.lose(turn)
            found = self.attempt(name, partial(call, turn))
            lost = proxy.cuts
            proxy.heal()
            check_failure(found, LOST)
            yield turn, found
            if not lost:
                return

    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    @sentence("StorageDriver", UNCHANGED)
    @needs("endpoint")
    @pytest.mark.parametrize("how", HOWS)
    def test_put_leaves_a_whole_object_when_the_connection_breaks(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, how: How
    ) -> None:
        old, new = body(SIZE), body(3 * 2**20, seed=1)
        driver.put("a/k", old)
        for after in (0, 100, 5000, SIZE, 2 * 2**20, len(new) - 1):
            for key in ("a/k", "a/new"):
                proxy.cut("request", after, how=how, times=1)
                found = self.attempt("put", partial(proxied.put, key, new))
                proxy.heal()
                what = f"a connection that broke after {after} bytes of a request ({how})"
                check_failure(found, what)
                seen = content(driver, key)
                if found.error is None:
                    assert seen == new, f"{what}: put returned, but the object is not the new one"
                else:
                    message = f"{what}: put left neither the old object nor the new one"
                    assert seen in (old if key == "a/k" else None, new), message
                assert set(listed(driver)) <= {"a/k", "a/new"}, "put left a working file that is listed"
            driver.delete(["a/new"])
            driver.put("a/k", old)

    @sentence("StorageDriver", PERHAPS)
    @sentence("StorageDriver", OWN)
    @needs("endpoint")
    @needs("create")
    def test_a_create_whose_response_is_lost_is_not_taken_for_that_of_another(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        proxied.put("a/k", b"warm")
        data = body(SIZE)
        for turn, found in self.losing(
            proxy, "put with CREATE", lambda turn: proxied.put(f"c/{turn}", data, mode=WriteMode.CREATE)
        ):
            seen = content(driver, f"c/{turn}")
            assert seen == data or (found.error is not None and seen is None), f"{found}, and left {seen}"

    @sentence("put", "The object can be read, and is listed, as soon as ``put`` returns.")
    @sentence("StorageDriver", PERHAPS)
    @needs("endpoint")
    def test_a_put_whose_response_is_lost_is_whole_or_absent(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        proxied.put("a/k", b"warm")
        data = body(SIZE)
        for turn, found in self.losing(proxy, "put", lambda turn: proxied.put(f"p/{turn}", data)):
            seen = content(driver, f"p/{turn}")
            assert seen == data or (found.error is not None and seen is None), f"{found}, and left {seen}"

    @sentence("move", "A crash may leave both, never neither.")
    @sentence("StorageDriver", PERHAPS)
    @sentence("StorageDriver", OWN)
    @needs("endpoint")
    def test_a_move_whose_response_is_lost_leaves_source_or_target(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        data = body(SIZE)
        for turn in range(MOST):
            driver.put(f"m/{turn}", data)
        proxied.stat("m/0")
        for turn, found in self.losing(proxy, "move", lambda turn: proxied.move(f"m/{turn}", f"n/{turn}")):
            source, target = content(driver, f"m/{turn}"), content(driver, f"n/{turn}")
            for each in (source, target):
                assert each in (None, data), f"{LOST} during a move, and an object is torn"
            assert source is not None or target is not None, (
                f"{LOST} during a move, and neither source nor target is left"
            )
            if found.error is None:
                assert target is not None, "move returned, but there is no target"
                assert source is None, "move returned, but the source is still there"

    @sentence("upload_commit", "This is atomic")
    @sentence("StorageDriver", UNCHANGED)
    @sentence("StorageDriver", OWN)
    @needs("endpoint")
    def test_a_commit_whose_response_is_lost_loses_nothing(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, part: int
    ) -> None:
        for size in (SIZE, part + SIZE):
            data = body(size)
            for turn in range(MOST):
                state = proxied.upload_append(proxied.upload_start("a/u"), pieces(data))
                target = f"u/{size}/{turn}"
                proxy.lose(turn)
                found = self.attempt("upload_commit", partial(proxied.upload_commit, state, target=target))
                lost = proxy.cuts
                proxy.heal()
                check_failure(found, LOST)
                seen = content(driver, target)
                assert seen in (None, data), f"{LOST} during a commit, and the object is torn"
                if found.error is None:
                    assert seen == data, "upload_commit returned, but the object is not there"
                elif seen is None:
                    self.check_commit_again(driver, state, target, data)
                if not lost:
                    break

    def check_commit_again(self, driver: StorageDriver, state: UploadState, target: str, data: bytes) -> None:
        """Check that an upload whose commit has failed is still there."""
        try:
            driver.upload_commit(state, target=target)
        except UploadUnknown:
            pytest.fail(f"{LOST} during a commit, the object is not there, and the upload is gone: the data is lost")
        assert content(driver, target) == data, "the second commit returned, but the object is not the upload"

    @sentence("upload_append", USABLE)
    @sentence("StorageDriver", UNCHANGED)
    @needs("endpoint")
    @pytest.mark.parametrize("weather", ["refuse", "reset", "stall"])
    def test_a_state_is_usable_after_the_backend_failed_in_the_middle_of_an_append(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, part: int, weather: str
    ) -> None:
        more = body(part + 3 * SIZE, seed=1)
        for after in (0, SIZE, part + SIZE):
            base = proxied.upload_append(proxied.upload_start("a/u"), pieces(body(SIZE)))

            def broken(after: int = after) -> Iterator[bytes]:
                yield more[:after]
                getattr(proxy, weather)()
                yield more[after:]

            found = self.attempt("upload_append", partial(proxied.upload_append, base, broken()))
            proxy.reset()
            proxy.heal()
            self.until_it_works(proxied)
            check_failure(found, f"a backend that failed after {after} bytes of a body")
            if found.error is None:
                assert isinstance(found.result, UploadState)
                proxied.upload_commit(found.result, target="a/k")
                assert read_back(driver, "a/k") == body(SIZE) + more, "upload_append returned, but bytes are lost"
            else:
                state = proxied.upload_append(base, pieces(body(1000, seed=2)))
                proxied.upload_commit(state, target="a/k")
                message = "the backend failed in the middle of an append, and the upload went wrong from its old state"
                assert read_back(driver, "a/k") == body(SIZE) + body(1000, seed=2), message
            assert listed(driver) == ["a/k"]

    @sentence("delete_unchanged", "and the result is False.")
    @sentence("StorageDriver", OWN)
    @needs("endpoint")
    @needs("conditional_delete")
    def test_a_conditional_deletion_whose_response_is_lost_is_not_taken_for_that_of_another(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        seen = [driver.stat(driver.put(f"d/{turn}", b"content").key) for turn in range(MOST)]
        proxied.stat("d/0")
        for turn, found in self.losing(proxy, "delete_unchanged", lambda turn: proxied.delete_unchanged(seen[turn])):
            gone = content(driver, f"d/{turn}") is None
            if found.error is None:
                assert found.result is gone, f"{LOST}, and delete_unchanged returned {found.result}; gone: {gone}"

    @sentence("upload_append", USABLE)
    @sentence("StorageDriver", PERHAPS)
    @needs("endpoint")
    def test_an_append_whose_response_is_lost_loses_no_bytes(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        bases = {}
        for turn in range(MOST):
            bases[turn] = proxied.upload_append(proxied.upload_start("a/u"), pieces(body(SIZE)))
        data = body(1000, seed=1)
        for turn, found in self.losing(
            proxy, "upload_append", lambda turn: proxied.upload_append(bases[turn], pieces(data))
        ):
            state = found.result if found.error is None else proxied.upload_append(bases[turn], pieces(data))
            assert isinstance(state, UploadState)
            assert state.size == SIZE + len(data)
            proxied.upload_commit(state, target=f"u/{turn}")
            assert read_back(driver, f"u/{turn}") == body(SIZE) + data, f"{LOST} during an append, and bytes are wrong"

    @sentence("delete", "A partial failure raises DeleteFailed, which names every key that was not deleted.")
    @needs("endpoint")
    @pytest.mark.parametrize("always", [True, False])
    def test_delete_names_every_key_that_is_still_there(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, always: bool
    ) -> None:
        keys = [f"d/{number:02}" for number in range(12)]
        proxied.delete(["d/none"])  # the connection is open from now on
        for turn in (0, 1, 2, 5, 11):
            store(driver, *keys)
            proxy.lose(turn, times=None if always else 1)
            found = self.attempt("delete", lambda: proxied.delete(iter(keys)))
            proxy.heal()
            assert found.ended, str(found)
            left = set(listed(driver, "d/"))
            if isinstance(found.error, DeleteFailed):
                named = found.error.failed
                more = sorted(left - set(named))
                assert not more, f"{more} is still there, and DeleteFailed does not name it"
                assert set(named) <= set(keys), "DeleteFailed names keys that were not to be deleted"
                wrong = {type(error).__name__ for error in named.values() if not isinstance(error, Unavailable)}
                assert not wrong, f"a connection broke, and DeleteFailed holds {sorted(wrong)}: it must be Unavailable"
            else:
                check_failure(found, LOST)
                if found.error is None:
                    assert not left, f"delete returned, and {sorted(left)} is still there"
            driver.delete(keys)


def content(driver: StorageDriver, key: str) -> Content | None:
    """Return the content of an object, or None if there is none."""
    try:
        return read_back(driver, key)
    except NotFound:
        return None
