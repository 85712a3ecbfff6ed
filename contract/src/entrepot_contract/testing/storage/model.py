"""A stateful test that compares a driver with a dict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from entrepot_contract import InvalidKey, NotFound, StorageDriver, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, revived

__all__ = ["ModelContract"]

NAMES = ["a-b", "a.b", "a/b", "a/c/d", "a/c/e", "a0", "b"]
names = st.sampled_from(NAMES)
bodies = st.builds(body, st.sampled_from([0, 1, 1000, 70_001]), st.integers(0, 3))
picks = st.integers(0, 20)

SLOW = 0.05
"""Seconds of a call, from which on fewer sequences are generated: each has about a hundred calls."""


@dataclass
class Draft:
    """A state of an upload, its content, and whether a later append has overtaken it."""

    number: int
    state: UploadState
    content: bytes
    overtaken: bool = False


class Calls(RuleBasedStateMachine):
    """The calls, and the dict with which their results are compared."""

    driver: StorageDriver
    runs: count[int]

    def __init__(self) -> None:
        super().__init__()
        self.root = f"m{next(self.runs)}/"
        self.objects: dict[str, bytes] = {}
        self.drafts: list[Draft] = []
        self.ended: set[int] = set()
        self.uploads = 0

    @initialize(some=st.lists(names, min_size=2, max_size=4))
    def begin(self, some: list[str]) -> None:
        for name in some:
            self.put(name, name.encode())
            self.upload_start(name)

    @rule(name=names, content=bodies)
    def put(self, name: str, content: bytes) -> None:
        assert self.driver.put(self.root + name, content).size == len(content)
        self.objects[name] = content

    @rule(name=names, offset=st.integers(0, 70_001), length=st.none() | st.integers(0, 80_000))
    def read(self, name: str, offset: int, length: int | None) -> None:
        if name not in self.objects:
            with pytest.raises(NotFound):
                self.driver.read(self.root + name)
            with pytest.raises(NotFound):
                self.driver.stat(self.root + name)
            return
        content = self.objects[name]
        offset = min(offset, len(content))
        end = None if length is None else offset + length
        assert read_back(self.driver, self.root + name, offset=offset, length=length) == content[offset:end]
        assert self.driver.stat(self.root + name).size == len(content)

    @rule(chosen=st.lists(names, max_size=3))
    def delete(self, chosen: list[str]) -> None:
        self.driver.delete(self.root + name for name in chosen)
        for name in chosen:
            self.objects.pop(name, None)

    @precondition(lambda self: self.objects)
    @rule(pick=picks, goal=names)
    def move(self, pick: int, goal: str) -> None:
        source = sorted(self.objects)[pick % len(self.objects)]
        if source == goal:
            with pytest.raises(InvalidKey):
                self.driver.move(self.root + source, self.root + goal)
            return
        assert self.driver.move(self.root + source, self.root + goal).size == len(self.objects[source])
        self.objects[goal] = self.objects.pop(source)

    @rule(prefix=st.sampled_from(["", "a/", "a/c/", "b/"]), after=names | st.just(""), shallow=st.booleans())
    def list_objects(self, prefix: str, after: str, shallow: bool) -> None:
        below = [name for name in self.objects if name.startswith(prefix)]
        if shallow:
            cut = [name[len(prefix) :].partition("/") for name in below]
            below = list({prefix + head + slash for head, slash, _ in cut})
        expected = [self.root + name for name in sorted(below) if name > after]
        start = self.root + after if after else ""
        assert listed(self.driver, self.root + prefix, start_after=start, shallow=shallow) == expected

    @rule(name=names)
    def upload_start(self, name: str) -> None:
        self.uploads += 1
        self.drafts.append(Draft(self.uploads, self.driver.upload_start(self.root + name), b""))

    @precondition(lambda self: self.drafts)
    @rule(pick=picks, content=bodies)
    def upload_append(self, pick: int, content: bytes) -> None:
        draft = self.drafts[pick % len(self.drafts)]
        try:
            state = self.driver.upload_append(revived(draft.state), pieces(content, 30_000))
        except UploadUnknown:
            assert draft.number in self.ended
        except UploadConflict:
            assert draft.overtaken
        else:
            assert draft.number not in self.ended
            assert state.size == len(draft.content) + len(content)
            if not draft.overtaken:
                for later in self.drafts[self.drafts.index(draft) + 1 :]:
                    later.overtaken = later.overtaken or later.number == draft.number
            self.drafts.append(Draft(draft.number, state, draft.content + content, draft.overtaken))

    @precondition(lambda self: self.drafts)
    @rule(pick=picks, name=names | st.none())
    def upload_commit(self, pick: int, name: str | None) -> None:
        draft = self.drafts[pick % len(self.drafts)]
        target = self.root + name if name else None
        try:
            info = self.driver.upload_commit(revived(draft.state), target=target)
        except UploadUnknown:
            assert draft.number in self.ended
        except UploadConflict:
            assert draft.overtaken
        else:
            assert draft.number not in self.ended
            assert not draft.overtaken
            assert info.size == len(draft.content)
            self.objects[info.key.removeprefix(self.root)] = draft.content
            self.ended.add(draft.number)

    @precondition(lambda self: self.drafts)
    @rule(pick=picks)
    def upload_abort(self, pick: int) -> None:
        draft = self.drafts[pick % len(self.drafts)]
        self.driver.upload_abort(draft.state)
        self.ended.add(draft.number)

    def teardown(self) -> None:
        assert listed(self.driver, self.root) == sorted(self.root + name for name in self.objects)
        for draft in self.drafts:
            self.driver.upload_abort(draft.state)
        for name, content in self.objects.items():
            assert read_back(self.driver, self.root + name) == content
        self.driver.delete(self.root + name for name in self.objects)


class ModelContract(ContractBase):
    """A test with generated sequences of calls."""

    @sentence("StorageDriver", "one backend that stores objects by key.")
    def test_any_sequence_of_calls_matches_a_dict(self, driver: StorageDriver, repeat: Repeat) -> None:
        machine = type("Calls", (Calls,), {"driver": driver, "runs": count()})
        start = time.monotonic()
        driver.delete(["missing"])
        slow = time.monotonic() - start > SLOW
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=repeat(20 if slow else 50),
                stateful_step_count=25,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # shrinking would take minutes, and the sequences are short
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
