"""Tests of many uploads that are open at the same time, and of one upload that several drivers continue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest

from entrepot_contract import (
    MAX_TOKEN_BYTES,
    Capabilities,
    NotFound,
    StorageDriver,
    UploadConflict,
    UploadState,
    UploadUnknown,
)
from entrepot_contract.testing.base import Repeat, stop
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.secrets import shows
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import Content, body, listed, pieces, read_back, revived
from entrepot_contract.testing.storage.states import state_of, state_to
from entrepot_contract.testing.threads import together

__all__ = ["UploadsBesideContract"]

WAIT = timedelta(seconds=3)


def assert_nothing_shows(driver: StorageDriver, *keys: str) -> None:
    """Assert that no object is listed, and that none can be read under these keys."""
    for prefix in ("", *{key.partition("/")[0] + "/" for key in keys}):
        for shallow in (False, True):
            assert listed(driver, prefix, shallow=shallow) == [], "an unfinished upload is listed"
    for key in keys:
        for look in (driver.stat, driver.read):
            with pytest.raises(NotFound):
                look(key)


class UploadsBesideContract(ContractBase, ProcessBase):
    """Tests of uploads beside each other."""

    @sentence("upload_start", "The state has size 0, and any number of uploads may be open for one key.")
    @sentence("upload_abort", "Other uploads stay as they are, also those for the same key.")
    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_open_uploads_end_in_any_order(self, driver: StorageDriver, repeat: Repeat, part: int) -> None:
        count = repeat(24)

        def work(thread: int) -> None:
            drafts = [(driver.upload_start(f"k/{number % 3}"), b"") for number in range(count)]
            for turn in range(3):
                for number, (state, content) in enumerate(drafts):
                    more = body(part + 10 if number == turn else 1_000 * turn + number, seed=100 * thread + number)
                    drafts[number] = (driver.upload_append(revived(state), pieces(more)), content + more)
            order = sorted(range(count), key=lambda number: (number * 5) % count)
            for number in order:
                state, content = drafts[number]
                target = f"done/{thread}/{number:02}"
                if number % 3 == 1:
                    driver.upload_abort(state)
                    continue
                assert driver.upload_commit(state, target=target).size == len(content)
            for number in order:
                target = f"done/{thread}/{number:02}"
                if number % 3 != 1:
                    found = read_back(driver, target)
                    assert found == drafts[number][1], "an upload has bytes of another one, or lost some of its own"
                with pytest.raises(UploadUnknown):
                    driver.upload_commit(drafts[number][0], target="late")

        together(work)
        done = [f"done/{thread}/{number:02}" for thread in range(4) for number in range(count) if number % 3 != 1]
        assert listed(driver) == done, "other objects exist than those that were committed"

    @sentence("upload_start", "Nothing is readable or listed before the commit.")
    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @pytest.mark.parametrize("parts", [0.1, 2.1])
    def test_nothing_shows_of_uploads_that_fail(self, driver: StorageDriver, part: int, parts: float) -> None:
        size = int(part * parts)
        base = driver.upload_append(driver.upload_start("a/k"), pieces(body(size)))
        assert_nothing_shows(driver, "a/k", "a/t")

        def fails() -> Iterator[bytes | bytearray | memoryview]:
            yield from pieces(body(size))
            raise ValueError("raised by the body")

        with pytest.raises(ValueError, match="raised by the body"):
            driver.upload_append(base, fails())
        assert_nothing_shows(driver, "a/k", "a/t")
        lost = driver.upload_append(base, pieces(body(size)))
        won = driver.upload_append(base, [b"won"])
        with pytest.raises(UploadConflict):
            driver.upload_commit(lost, target="a/t")
        assert_nothing_shows(driver, "a/k", "a/t")
        driver.upload_abort(won)
        assert_nothing_shows(driver, "a/k", "a/t")
        for state in (base, won):
            with pytest.raises(UploadUnknown):
                driver.upload_commit(state, target="a/t")
        assert_nothing_shows(driver, "a/k", "a/t")

    @sentence("upload_start", "Start an upload of unknown size.")
    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    def test_an_upload_does_not_depend_on_the_objects_of_its_key(self, driver: StorageDriver, part: int) -> None:
        driver.put("a/k", b"old")
        state, content = driver.upload_start("a/k"), b""
        changes: list[Callable[[], object]] = [
            lambda: driver.put("a/k", b"put"),
            lambda: driver.move("a/k", "b/k"),
            lambda: driver.put("a/k", b"again"),
            lambda: driver.delete(["a/k", "b/k"]),
            lambda: driver.delete(["a/missing", "a"]),
            lambda: driver.upload_commit(driver.upload_start("a/k")),
            lambda: driver.delete(listed(driver)),
        ]
        for number, change in enumerate(changes):
            data = body(part + 1 if number == 3 else 1_000, seed=number)
            state, content = driver.upload_append(state, pieces(data)), content + data
            before = listed(driver)
            assert before == [] or read_back(driver, before[-1]) != content, "an upload shows before its commit"
            change()
        assert driver.upload_commit(state).size == len(content)
        assert read_back(driver, "a/k") == Content(content), "changes of the objects of its key have changed an upload"
        assert listed(driver) == ["a/k"]

    @sentence("UploadState", "The token is JSON text of at most 1 MiB.")
    @sentence("UploadState", "It stays on the server, and is never logged or pickled.")
    def test_the_token_does_not_grow_with_the_bytes(self, driver: StorageDriver, secrets: set[str]) -> None:
        states = [driver.upload_start("a/k")]
        for size in (10, 2**20, 20 * 2**20 + 5, 3):
            states.append(driver.upload_append(states[-1], [body(size)]))
        for state in states:
            json.loads(state.token)
            length = len(state.token.encode())
            assert length <= MAX_TOKEN_BYTES // 4, f"the token of an upload with {state.size} bytes has {length} bytes"
            assert not shows(state.token, secrets), "the token of an upload contains a secret of the options"
        driver.upload_commit(states[-1])
        assert driver.stat("a/k").size == states[-1].size

    @sentence("upload_append", "On return the bytes survive the end of the process, and any process")
    @sentence("upload_append", "(on any host, with the capability ``shared``) can continue from the new state.")
    @needs("shared")
    def test_drivers_and_processes_take_turns_on_one_upload(
        self, driver: StorageDriver, open_driver: Opener, config: Mapping[str, object], processes: Processes, part: int
    ) -> None:
        drivers, process = [open_driver(), driver], processes.open(1, config)[0]
        state, content = driver.upload_start("a/k"), b""
        for turn, size in enumerate([7, part // 2, 70_000, part, 1, part // 2 + 3, 0, 5]):
            data = body(size, seed=turn)
            state = drivers[turn % 2].upload_append(revived(state), pieces(data))
            answer = process.call("append", state=state_to(state), text=str(turn), times=turn, stall=False, at=0)
            state, content = state_of(answer), content + data + str(turn).encode() * 1000 * turn
            assert state.size == len(content), "another driver has continued an upload with another size"
        driver.upload_append(state, [b"overtaken"])
        state = drivers[1].upload_append(revived(state), [b"end"])
        driver.upload_commit(driver.upload_append(revived(state), [b"."]))
        assert read_back(drivers[0], "a/k") == Content(content + b"end."), "drivers that took turns have lost bytes"
        assert drivers[0].upload_commit(revived(driver.upload_start("a/empty"))).size == 0
        started = driver.upload_start("a/aborted")
        drivers[0].upload_abort(revived(started))
        with pytest.raises(UploadUnknown):
            driver.upload_append(started, [b"late"])

    @sentence("upload_append", "the other raises UploadConflict, at the latest in ``upload_commit``.")
    @needs("shared")
    def test_a_state_that_another_driver_has_overtaken_is_a_conflict(
        self, driver: StorageDriver, open_driver: Opener, part: int
    ) -> None:
        other = open_driver()
        for number, size in enumerate((3, part + 3)):
            base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
            lost = driver.upload_append(base, pieces(body(size)))
            won = other.upload_append(revived(base), pieces(body(size, seed=1)))
            with pytest.raises(UploadConflict):
                driver.upload_commit(driver.upload_append(lost, [b"more"]))
            with pytest.raises(UploadConflict):
                driver.upload_commit(lost)
            other.upload_commit(won, target=f"done/{number}")
            assert read_back(driver, f"done/{number}") == b"base" + body(size, seed=1)

    @sentence(
        "upload_append",
        "A token that this driver never returned raises UploadUnknown, whatever its text; so it does in",
    )
    @sentence("upload_abort", "Other uploads stay as they are, also those for the same key.")
    def test_uploads_of_two_drivers_are_different(
        self, driver: StorageDriver, open_driver: Opener, claims: Capabilities
    ) -> None:
        other = open_driver()
        states = {}
        for number in range(6):
            for name, opened in (("one", driver), ("other", other)):
                state = opened.upload_start("a/k")
                states[name, number] = opened.upload_append(state, [f"{name} {number}".encode()])
        opened = open_driver()
        for (name, number), state in states.items():
            owner, stranger = (driver, other) if name == "one" else (other, driver)
            content = f"{name} {number}".encode()
            if claims.shared:
                stranger, content = (stranger if number % 2 else opened), content + b"+"
                stranger.upload_commit(stranger.upload_append(revived(state), [b"+"]), target=f"{name}/{number}")
            else:
                for foreign in (stranger, opened):
                    with pytest.raises(UploadUnknown):
                        foreign.upload_append(revived(state), [b"+"])
                    with pytest.raises(UploadUnknown):
                        foreign.upload_commit(revived(state), target="a/foreign")
                owner.upload_commit(state, target=f"{name}/{number}")
            assert read_back(owner, f"{name}/{number}") == content, "uploads of two drivers were confused"
            assert "a/foreign" not in listed(stranger)

    @sentence("Capabilities", "``upload_ttl``: the backend discards uploads that were idle for this long;")
    @needs("upload_ttl")
    def test_an_upload_expires_after_its_last_append(
        self, driver: StorageDriver, request: pytest.FixtureRequest
    ) -> None:
        ttl = driver.capabilities.upload_ttl
        assert ttl is not None
        if ttl > WAIT:
            stop(request, "not-claimed", f"upload_ttl of at most {WAIT}, so that a test can wait for it")
        idle = driver.upload_append(driver.upload_start("a/k"), [b"idle"])
        state: UploadState = driver.upload_append(driver.upload_start("a/k"), [b"used"])
        for _ in range(4):
            time.sleep(ttl.total_seconds() * 0.4)
            state = driver.upload_append(revived(state), [b"."])
        with pytest.raises(UploadUnknown):
            driver.upload_append(idle, [b"more"])
        assert driver.upload_commit(state).size == 8, "an upload that was in use has expired"
        assert read_back(driver, "a/k") == b"used...."
