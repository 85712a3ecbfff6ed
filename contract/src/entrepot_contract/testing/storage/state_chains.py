"""Tests of the states of one upload: descendants of overtaken states, several forks, and returns to older states."""

from __future__ import annotations

import pytest

from entrepot_contract import StorageDriver, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, revived

__all__ = ["StateChainContract"]


def assert_overtaken(driver: StorageDriver, *states: UploadState) -> None:
    """Assert that no state can be committed, neither itself nor after an append."""
    for number, state in enumerate(states):
        with pytest.raises(UploadConflict):
            driver.upload_commit(revived(state), target=f"lost/{number}")
        with pytest.raises(UploadConflict):
            driver.upload_commit(driver.upload_append(revived(state), [b"more"]), target=f"lost/{number}")
    assert listed(driver) == [], "a state that was overtaken has made an object"


class StateChainContract(ContractBase):
    """Tests of chains of states."""

    @sentence("upload_append", "Of two appends from one state, at most one result can be committed;")
    @sentence("upload_append", "the other raises UploadConflict, at the latest in ``upload_commit``.")
    @pytest.mark.parametrize("parts", [0.01, 1.1])
    def test_descendants_of_an_overtaken_state_are_overtaken(
        self, driver: StorageDriver, part: int, parts: float
    ) -> None:
        size = int(part * parts)
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        lost = [driver.upload_append(base, pieces(body(size)))]
        for number in range(3):
            lost.append(driver.upload_append(lost[-1], [b"%d" % number]))
        won = driver.upload_append(revived(base), pieces(body(size, seed=1)))
        for _ in range(2):
            won = driver.upload_append(won, [b"+"])
        assert_overtaken(driver, *lost)
        assert driver.upload_commit(won).size == 4 + size + 2
        assert read_back(driver, "a/k") == b"base" + body(size, seed=1) + b"++"

    @sentence("upload_append", "Of two appends from one state, at most one result can be committed;")
    @sentence("upload_append", "the other raises UploadConflict, at the latest in ``upload_commit``.")
    @pytest.mark.parametrize("start", [True, False])
    def test_only_the_last_of_several_forks_can_be_committed(self, driver: StorageDriver, start: bool) -> None:
        base, before = driver.upload_start("a/k"), b""
        if not start:
            base, before = driver.upload_append(base, [b"base"]), b"base"
        forks = [driver.upload_append(revived(base), [b"fork %d;" % number]) for number in range(4)]
        assert_overtaken(driver, *forks[:-1])
        last = driver.upload_append(forks[-1], [b"end"])
        assert_overtaken(driver, *forks[:-1])
        driver.upload_commit(last)
        assert read_back(driver, "a/k") == before + b"fork 3;end"

    @sentence("upload_append", "appending from it again discards the bytes past its size.")
    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    @pytest.mark.parametrize("parts", [0.01, 0.6])
    def test_an_upload_returns_to_older_states(self, driver: StorageDriver, part: int, parts: float) -> None:
        size = int(part * parts) + 1
        chain, contents = [driver.upload_start("a/k")], [b""]
        for turn, back in enumerate((0, 0, 0, 2, 0, 1, 4, 0, 0, 1)):
            keep = len(chain) - min(back, len(chain) - 1)
            chain, contents = chain[:keep], contents[:keep]
            data = body(size + turn, seed=turn)
            state = driver.upload_append(revived(chain[-1]), pieces(data))
            assert state.size == len(contents[-1]) + len(data), "an append to an older state returned another size"
            chain.append(state)
            contents.append(contents[-1] + data)
        # The last state that is not the newest: its successors are discarded by the commit.
        assert driver.upload_commit(revived(chain[-2])).size == len(contents[-2])
        assert read_back(driver, "a/k") == contents[-2], "the bytes of a state that was overtaken are in the object"
        for state in chain:
            with pytest.raises(UploadUnknown):
                driver.upload_append(state, [b"late"])

    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    def test_an_older_state_is_committed_without_later_bytes(self, driver: StorageDriver, part: int) -> None:
        sizes = [0, 10, part + 10, part, 5]
        for chosen in range(len(sizes)):
            states, content = [driver.upload_start("a/k")], b""
            for number, size in enumerate(sizes[1:], start=1):
                data = body(size, seed=number)
                states.append(driver.upload_append(states[-1], pieces(data)))
                content += data
            expected = content[: sum(sizes[: chosen + 1])]
            info = driver.upload_commit(revived(states[chosen]), target=f"done/{chosen}")
            assert info.size == len(expected) == states[chosen].size, "the commit of an older state has another size"
            assert read_back(driver, f"done/{chosen}") == expected, "the commit of an older state has other bytes"
