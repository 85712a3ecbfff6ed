"""Tests of several commits of one upload, in turn and concurrently, and of the targets of commits."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from entrepot_contract import StorageDriver, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import Content, body, listed, pieces, read_back, revived
from entrepot_contract.testing.storage.states import state_to
from entrepot_contract.testing.threads import together

__all__ = ["CommitRaceContract"]

ENDED = (UploadConflict, UploadUnknown)


class CommitRaceContract(ContractBase, ProcessBase):
    """Tests of commits of one upload beside each other."""

    @sentence("upload_commit", "Of concurrent commits of one state, at least one succeeds;")
    @sentence("upload_commit", "any other either succeeds or raises UploadUnknown or UploadConflict,")
    @pytest.mark.parametrize("parts", [0, 0.1, 2.5])
    def test_concurrent_commits_of_one_state_publish_its_bytes(
        self, driver: StorageDriver, part: int, repeat: Repeat, parts: float
    ) -> None:
        for turn in range(repeat(18) if parts < 1 else repeat(9)):
            data = body(int(part * parts), seed=turn)
            state = driver.upload_append(driver.upload_start("a/k"), pieces(data))

            def commit(number: int, state: UploadState = state, data: bytes = data, turn: int = turn) -> bool:
                try:
                    info = driver.upload_commit(revived(state), target=f"done/{turn}")
                except ENDED:
                    return False
                assert info.size == len(data), f"a concurrent commit returned the size {info.size} of {len(data)}"
                found = read_back(driver, f"done/{turn}")
                assert found == data, "a concurrent commit returned before the complete object was readable"
                return True

            assert any(together(commit)), "none of four concurrent commits of one state succeeded"
            assert read_back(driver, f"done/{turn}") == data, "concurrent commits of one state left other bytes"
            assert driver.stat(f"done/{turn}").size == len(data)
            for more in (lambda: driver.upload_commit(state), lambda: driver.upload_append(state, [b"x"])):  # noqa: B023
                with pytest.raises(UploadUnknown):
                    more()
            assert listed(driver, "done/")[-1:] == [sorted(f"done/{number}" for number in range(turn + 1))[-1]]
        assert listed(driver, "a/") == []

    @sentence("upload_commit", "Of concurrent commits of one state, at least one succeeds;")
    @sentence("upload_commit", "with its target unchanged.")
    @pytest.mark.parametrize("parts", [0.1, 1.5])
    def test_concurrent_commits_of_one_state_to_several_targets(
        self, driver: StorageDriver, part: int, repeat: Repeat, parts: float
    ) -> None:
        for turn in range(repeat(12)):
            data = body(int(part * parts), seed=turn)
            state = driver.upload_append(driver.upload_start("a/k"), pieces(data))
            for number in (0, 1):
                driver.put(f"t/{number}", b"old")

            def commit(number: int, state: UploadState = state) -> bool:
                try:
                    return driver.upload_commit(revived(state), target=f"t/{number}").key == f"t/{number}"
                except ENDED:
                    return False

            won = together(commit)
            assert any(won), "none of four concurrent commits of one state succeeded"
            there = listed(driver, "t/")
            for number, succeeded in enumerate(won):
                key = f"t/{number}"
                if succeeded:
                    assert read_back(driver, key) == data, "a commit succeeded, but its target has other bytes"
                elif number in (0, 1):
                    assert read_back(driver, key) == b"old", "a commit raised, and has changed its target"
                else:
                    assert key not in there, "a commit raised, and has created its target"
            driver.delete(there)
            assert listed(driver) == []

    @sentence("upload_commit", "Of commits of different states of an upload, at most one succeeds.")
    def test_concurrent_commits_of_an_older_and_a_newer_state(
        self, driver: StorageDriver, part: int, repeat: Repeat
    ) -> None:
        for turn in range(repeat(15)):
            size = 0 if turn % 3 == 0 else part + 10
            states = [driver.upload_start("a/k")]
            contents = [b""]
            for number in range(3):
                data = body(size + number + 1, seed=number)
                states.append(driver.upload_append(states[-1], pieces(data)))
                contents.append(contents[-1] + data)

            def commit(number: int, states: list[UploadState] = states, turn: int = turn) -> int | None:
                try:
                    driver.upload_commit(revived(states[number]), target=f"done/{turn}/{number}")
                except ENDED:
                    return None
                return number

            won = [number for number in together(commit) if number is not None]
            assert len(won) <= 1, f"{len(won)} states of one upload were committed"
            assert listed(driver, f"done/{turn}/") == [f"done/{turn}/{number}" for number in won]
            for number in won:
                found = read_back(driver, f"done/{turn}/{number}")
                assert found == contents[number], "the bytes of another state were committed"

    @sentence("upload_commit", "Of commits of different states of an upload, at most one succeeds.")
    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @pytest.mark.parametrize("chosen", [0, 1, 2])
    def test_commits_of_different_states_in_turn(self, driver: StorageDriver, part: int, chosen: int) -> None:
        states, contents = [driver.upload_start("a/k")], [b""]
        for number in range(2):
            data = body(part * number + 10, seed=number)
            states.append(driver.upload_append(states[-1], pieces(data)))
            contents.append(contents[-1] + data)
        assert driver.upload_commit(states[chosen], target="done").size == len(contents[chosen])
        for number, state in enumerate(states):
            for target in ("done", "other"):
                with pytest.raises(UploadUnknown):
                    driver.upload_commit(revived(state), target=target)
            with pytest.raises(UploadUnknown):
                driver.upload_append(revived(state), [b"more"])
            assert read_back(driver, "done") == contents[chosen], f"a commit of state {number} has changed the object"
        driver.upload_abort(states[-1])
        assert listed(driver) == ["done"]
        assert read_back(driver, "done") == contents[chosen]

    @sentence("upload_commit", "An existing target is replaced.")
    @sentence("upload_abort", "Other uploads stay as they are, also those for the same key.")
    def test_a_commit_to_the_key_of_another_upload(self, driver: StorageDriver, part: int) -> None:
        data = [body(part * number + 10, seed=number) for number in range(3)]
        first, second, third = (
            driver.upload_append(driver.upload_start(f"a/{number}"), pieces(content))
            for number, content in enumerate(data)
        )
        driver.upload_commit(first, target="a/1")
        assert read_back(driver, "a/1") == Content(data[0])
        driver.upload_commit(driver.upload_append(second, [b"more"]))
        assert read_back(driver, "a/1") == Content(data[1] + b"more"), "a commit to its key has changed another upload"
        driver.upload_abort(third)
        assert listed(driver) == ["a/1"]
        again = driver.upload_append(driver.upload_start("a/1"), [b"again"])
        assert read_back(driver, "a/1") == Content(data[1] + b"more"), "an upload has changed the object of its key"
        driver.upload_commit(again, target="a/2")
        assert read_back(driver, "a/1") == Content(data[1] + b"more"), "a commit has changed the upload's own key"
        assert read_back(driver, "a/2") == b"again"

    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @sentence("upload_append", "After commit, abort or expiry it raises UploadUnknown.")
    @needs("shared")
    @pytest.mark.parametrize("end", ["commit", "abort"])
    def test_an_upload_that_another_driver_has_ended_is_unknown(
        self, driver: StorageDriver, open_driver: Opener, part: int, end: str
    ) -> None:
        other = open_driver()
        state = driver.upload_append(driver.upload_start("a/k"), pieces(body(part + 10)))
        more = driver.upload_append(state, [b"more"])
        if end == "commit":
            other.upload_commit(revived(more))
        else:
            other.upload_abort(revived(more))
        for ended in (more, state):
            with pytest.raises(UploadUnknown):
                driver.upload_append(ended, [b"late"])
            with pytest.raises(UploadUnknown):
                driver.upload_commit(ended, target="b/late")
        driver.upload_abort(more)
        assert listed(driver) == (["a/k"] if end == "commit" else [])

    @sentence("upload_commit", "Of concurrent commits of one state, at least one succeeds;")
    @sentence("upload_commit", "with its target unchanged.")
    @needs("shared")
    @pytest.mark.parametrize("parts", [0.1, 1.5])
    def test_concurrent_commits_of_processes_publish_the_bytes(
        self, driver: StorageDriver, config: Mapping[str, object], processes: Processes, part: int, parts: float
    ) -> None:
        others = processes.open(3, config)
        for turn in range(3):
            data = body(int(part * parts), seed=turn)
            state = driver.upload_append(driver.upload_start("a/k"), pieces(data))
            targets = ["one", "one", "other"]
            at = time.time() + 0.05
            for other, target in zip(others, targets, strict=True):
                other.send("commit", state=state_to(state), target=f"t/{turn}/{target}", at=at)
            answers = [other.answer() for other in others]
            ended = ({"error": "UploadUnknown"}, {"error": "UploadConflict"})
            assert all(answer == len(data) or answer in ended for answer in answers), answers
            won = sorted({f"t/{turn}/{name}" for name, done in zip(targets, answers, strict=True) if done == len(data)})
            assert won, "none of the concurrent commits of three processes succeeded"
            assert listed(driver, f"t/{turn}/") == won, "a commit raised, and has changed its target"
            for key in won:
                assert read_back(driver, key) == data, "a commit succeeded, but its target has other bytes"
            with pytest.raises(UploadUnknown):
                driver.upload_commit(state)

    @sentence("upload_abort", "Idempotent, also after a commit.")
    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @pytest.mark.parametrize("parts", [0.1, 1.5])
    def test_a_commit_and_concurrent_aborts_leave_all_or_nothing(
        self, driver: StorageDriver, part: int, repeat: Repeat, parts: float
    ) -> None:
        for turn in range(repeat(24)):
            data = body(int(part * parts), seed=turn)
            state = driver.upload_append(driver.upload_start("a/k"), pieces(data))

            def end(number: int, state: UploadState = state, turn: int = turn) -> bool:
                time.sleep(0.002 * (turn % 4) if number else 0)
                if number:
                    driver.upload_abort(revived(state))
                    return False
                try:
                    return driver.upload_commit(revived(state), target=f"done/{turn}").key == f"done/{turn}"
                except ENDED:
                    return False

            committed = any(together(end))
            assert listed(driver) == [f"done/{turn}"] * committed, (
                "a commit succeeded beside an abort, and its object is missing"
                if committed
                else "a commit raised beside an abort, and has made an object"
            )
            if committed:
                assert read_back(driver, f"done/{turn}") == data, "a commit beside an abort has lost bytes"
            with pytest.raises(UploadUnknown):
                driver.upload_commit(state)
            driver.delete([f"done/{turn}"])

    @sentence("upload_abort", "Discard an upload and all its bytes.")
    @sentence("upload_commit", "After commit, abort or expiry it raises UploadUnknown.")
    @pytest.mark.parametrize("chosen", [0, 1])
    def test_an_abort_of_an_older_state_ends_the_upload(self, driver: StorageDriver, part: int, chosen: int) -> None:
        states = [driver.upload_start("a/k")]
        for size in (10, part + 10, 5):
            states.append(driver.upload_append(states[-1], pieces(body(size))))
        driver.upload_abort(revived(states[chosen]))
        for state in states:
            with pytest.raises(UploadUnknown):
                driver.upload_append(state, [b"late"])
            with pytest.raises(UploadUnknown):
                driver.upload_commit(state)
            driver.upload_abort(state)
        assert listed(driver) == []
