"""Tests with several processes on one store: resuming, kills and races."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import count

import pytest

from entrepot_contract import NotFound, StorageDriver
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.processes import OtherProcess, ProcessBase, Processes
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import Content, body, listed, pieces, read_back, store, upload
from entrepot_contract.testing.storage.states import state_of, state_to

__all__ = ["SharedContract"]

LOST = {"error": "UploadConflict"}


def soon() -> float:
    """Return a start time slightly in the future, so that all processes can wait for it."""
    return time.time() + 0.05


class SharedContract(ContractBase, ProcessBase):
    """Tests with several processes, for drivers with the capability ``shared``."""

    @sentence("Capabilities", "``shared``: other processes and hosts see the same data.")
    @sentence("upload_append", "On return the bytes survive the end of the process, and any process")
    @sentence("upload_append", "(on any host, with the capability ``shared``) can continue from the new state.")
    @needs("shared")
    def test_another_process_goes_on_where_one_was_killed(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, part: int
    ) -> None:
        first, second = processes.open(2, config)
        state = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        pieces_of_part = part // 1000 + 1
        state = state_of(first.call("append", state=state_to(state), text="1", times=pieces_of_part, stall=False, at=0))
        first.kill()
        state = state_of(second.call("append", state=state_to(state), text="2", times=3, stall=False, at=0))
        second.kill()
        state = driver.upload_append(state, [b"end"])
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == b"base" + b"1" * 1000 * pieces_of_part + b"2" * 3000 + b"end"

    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    @needs("shared")
    @pytest.mark.parametrize("times", [1, 600])
    def test_a_state_survives_kill_in_mid_append(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, times: int, part: int
    ) -> None:
        times = max(times, part // 1000 + 300) if times > 1 else times
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        other = processes.open(1, config)[0]
        stalled = other.call("append", state=state_to(base), text="x", times=times, stall=True, at=0)
        assert stalled == {"stalled": True}
        other.kill()
        assert listed(driver) == []
        state = driver.upload_append(base, pieces(body(50_000)))
        driver.upload_commit(driver.upload_append(state, [b"end"]))
        assert read_back(driver, "a/k") == b"base" + body(50_000) + b"end"
        assert listed(driver) == ["a/k"]

    @sentence("put", "Of any number of concurrent CREATEs, exactly one succeeds.")
    @sentence("Capabilities", "``create``: ``WriteMode.CREATE`` is atomic across all processes that see the data.")
    @needs("shared")
    @needs("create")
    def test_one_of_many_processes_wins_a_create(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, repeat: Repeat
    ) -> None:
        keys = [f"race/{number:03}" for number in range(repeat(100))]
        others = processes.open(4, config)
        at = soon()
        for number, other in enumerate(others):
            other.send("create", keys=keys, text=str(number), at=at)
        winners: dict[str, str] = {}
        for number, other in enumerate(others):
            won = other.answer()
            assert isinstance(won, list), won
            assert not winners.keys() & won, "two processes created the same key"
            winners.update(dict.fromkeys(won, str(number)))
        assert sorted(winners) == keys
        for key, winner in winners.items():
            assert read_back(driver, key) == winner.encode() * 1000

    @sentence("upload_append", "Of two appends from one state, at most one result can be committed;")
    @needs("shared")
    @pytest.mark.parametrize("together", [True, False])
    def test_racing_appends_are_never_mixed(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, part: int, together: bool
    ) -> None:
        others = dict(zip("AB", processes.open(2, config), strict=True))
        committed = 0
        for number, times in enumerate([1, 3, 3, part // 1000 + 5, 10, 10]):
            base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
            states = race(others, {text: state_to(base) for text in others}, times)
            sizes = commit(others, states, f"done/{number}", together)
            won = [text for text, size in sizes.items() if isinstance(size, int)]
            assert len(won) <= 1, "both results of racing appends were committed"
            assert all(sizes[text] in (LOST, {"error": "UploadUnknown"}) for text in sizes if text not in won), sizes
            for text in won:
                assert read_back(driver, f"done/{number}") == b"base" + text.encode() * 1000 * times
            committed += len(won)
            assert len(listed(driver)) == committed
        assert committed, "no result of six races could be committed"

    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    @sentence("upload_commit", "This is atomic")
    @needs("shared")
    @pytest.mark.parametrize("verb", ["put", "upload_commit", "move"])
    def test_readers_in_other_processes_see_whole_objects(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, repeat: Repeat, verb: str
    ) -> None:
        versions = [body(300_000 - 1000 * number, seed=number) for number in range(2)]
        driver.put("a/k", versions[1])
        others = processes.open(2, config)
        for other in others:
            other.send("watch", key="a/k", until="stop")
        patience = time.monotonic() + 30
        while len(listed(driver, "stop/ready/")) < len(others):
            assert time.monotonic() < patience
        began = time.monotonic()
        for number in count():
            # Not only so many turns: those of a fast driver end before another process has looked.
            if number >= repeat(60) and time.monotonic() > began + 0.3:
                break
            data = versions[number % 2]
            if verb == "put":
                driver.put("a/k", data)
            elif verb == "upload_commit":
                upload(driver, "b/k", data, target="a/k")
            else:
                driver.put("b/k", data)
                driver.move("b/k", "a/k")
        driver.put("stop/done", b"")
        whole = {hashlib.sha256(data).hexdigest() for data in versions}
        if verb == "move":
            whole.add("absent")  # the old target may disappear before the new one appears
        for other in others:
            seen = other.answer()
            assert isinstance(seen, list)
            assert set(seen) <= whole, "a reader saw neither the old object nor the new one"

    @sentence("move", "A crash may leave both, never neither.")
    @sentence("upload_commit", "This is atomic")
    @needs("shared")
    def test_kill_at_any_moment_leaves_whole_objects(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes
    ) -> None:
        sizes = {"a": 1_500_000, "b": 400_000}
        names = ["commit", "moved", "moving", "put"]
        for number in range(5):
            folder = f"kill/{number}"
            driver.put(f"{folder}/moving", b"a" * sizes["a"])
            other = processes.open(1, config)[0]
            assert other.call("churn", folder=folder, sizes=sizes) == {"churning": True}
            time.sleep(0.05 * number**2)
            other.kill()
            left = settled(driver, f"{folder}/")
            assert set(left) <= {f"{folder}/{name}" for name in names}, "working files are listed"
            assert {f"{folder}/moved", f"{folder}/moving"} & set(left), "neither source nor target is left"
            for key, found in left.items():
                letter = found.data[:1]
                assert found == letter * sizes[letter.decode()], f"{key} is neither the old object nor the new one"

    @sentence("put", "The object can be read, and is listed, as soon as ``put`` returns.")
    @needs("shared")
    def test_two_drivers_on_one_store_see_the_same(
        self, driver: StorageDriver, open_driver: Opener, repeat: Repeat
    ) -> None:
        other = open_driver()
        for number in range(repeat(40)):
            folder = f"s/t/u/v/{number % 5}/"
            key = f"{folder}w/x"
            store(driver, key)
            assert folder in listed(other, "s/t/u/v/", shallow=True), "objects must be listed at once by another driver"
            assert listed(other, folder) == [key]
            assert read_back(other, key) == key.encode()
            other.delete([key])
            assert folder not in listed(driver, "s/t/u/v/", shallow=True)
            assert listed(driver) == listed(driver, shallow=True) == []
            with pytest.raises(NotFound):
                driver.stat(key)


def settled(driver: StorageDriver, prefix: str) -> dict[str, Content]:
    """Return the objects below a prefix, once the last request of a killed process has ended in the backend."""
    until = time.monotonic() + 10
    while True:
        with suppress(NotFound):
            found = {key: read_back(driver, key) for key in listed(driver, prefix)}
            if listed(driver, prefix) == list(found):
                return found
        assert time.monotonic() < until, "objects that are listed cannot be read"


def race(others: dict[str, OtherProcess], states: dict[str, dict[str, object]], times: int) -> dict[str, object]:
    """Append from all processes simultaneously, each its own letter."""
    at = soon()
    for text, other in others.items():
        other.send("append", state=states[text], text=text, times=times, stall=False, at=at)
    results = {text: other.answer() for text, other in others.items()}
    assert all(answer == LOST or state_of(answer) for answer in results.values())
    return {text: answer for text, answer in results.items() if answer != LOST}


def commit(
    others: dict[str, OtherProcess], states: dict[str, object], target: str, together: bool
) -> dict[str, object]:
    """Commit each state in its own process, simultaneously or one after the other."""
    if not together:
        return {text: others[text].call("commit", state=states[text], target=target, at=0) for text in states}
    at = soon()
    for text, state in states.items():
        others[text].send("commit", state=state, target=target, at=at)
    return {text: others[text].answer() for text in states}
