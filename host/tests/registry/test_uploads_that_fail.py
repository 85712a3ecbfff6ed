"""An upload without a record can never be purged, so it is aborted when its request fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from host.tests.storage.counting import CountingDriver
from support.content import digest_of
from support.host import QUIET, Process, keys_of

from entrepot.errors import RangeInvalid
from entrepot.registry.body import Body
from entrepot_contract import (
    Chunks,
    NoSpace,
    ObjectInfo,
    StorageDriver,
    StorageError,
    Unavailable,
    UploadState,
)

DATA = bytes(300)
DIGEST = digest_of(DATA)


class Failing(CountingDriver):
    """Fails in one append or in each commit, and tracks the open uploads."""

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.open: set[str] = set()
        self.fail_append: int | None = None
        self.fail_commit = False

    def upload_start(self, key: str) -> UploadState:
        self.open.add(key)
        return super().upload_start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        after = super().upload_append(state, data)
        if self.calls["upload_append"] == self.fail_append:
            raise self._failure(NoSpace, "upload_append", state.key)
        return after

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        if self.fail_commit:
            raise self._failure(Unavailable, "upload_commit", state.key)
        self.open.discard(state.key)
        return super().upload_commit(state, target=target)

    def upload_abort(self, state: UploadState) -> None:
        self.open.discard(state.key)
        super().upload_abort(state)

    def _failure(self, kind: type[StorageError], operation: str, key: str) -> StorageError:
        return kind("made to fail", driver=self.name, operation=operation, key=key)


@pytest.fixture
def failing(driver: StorageDriver) -> Failing:
    return Failing(driver)


@pytest.mark.parametrize("number", [1, 3])
def test_a_monolithic_push_that_fails_in_an_append_aborts_its_upload(failing: Failing, number: int) -> None:
    host = Process(failing, replace(QUIET, upload_slice=64))
    failing.fail_append = number
    assert host.request("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", DATA).status_code == 507
    assert failing.open == set()
    assert keys_of(failing) == []


def test_a_monolithic_push_that_fails_in_its_commit_aborts_its_upload(failing: Failing) -> None:
    host = Process(failing)
    failing.fail_commit = True
    assert host.request("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", DATA).status_code == 503
    assert failing.open == set()


def test_a_failed_first_slice_aborts_its_upload_and_can_be_sent_again(failing: Failing) -> None:
    host = Process(failing)
    location = host.start("app")
    failing.fail_append = 1
    assert host.request("PATCH", location, DATA).status_code == 507
    assert failing.open == set()
    assert host.finish(host.patch(location, DATA), DIGEST).status_code == 201


@pytest.mark.parametrize("sent_with", ["PATCH", "PUT"])
def test_a_failed_commit_can_be_repeated(failing: Failing, sent_with: str) -> None:
    host = Process(failing)
    location, data = host.start("app"), DATA
    if sent_with == "PATCH":
        location, data = host.patch(location, DATA), b""
    failing.fail_commit = True
    assert host.finish(location, DIGEST, data).status_code == 503
    failing.fail_commit = False
    assert host.finish(location, DIGEST, data).status_code == 201
    assert host.blob("app", DIGEST).content == DATA


def test_the_loser_of_a_race_for_the_first_slice_aborts_its_upload(failing: Failing) -> None:
    winner, loser = Process(failing), Process(failing)
    record = winner.registry.uploads.start("app")

    class Overtaken:
        """The winner's request starts and ends while the loser's bytes are received."""

        def read(self, size: int, /) -> bytes:
            winner.registry.uploads.append("app", record.uuid, 0, Body(Whole(DATA), len(DATA)), None)
            return b"x"

    with pytest.raises(RangeInvalid):
        loser.registry.uploads.append("app", record.uuid, 0, Body(Overtaken(), 1), None)
    assert failing.calls["upload_start"] == 2
    assert failing.calls["upload_abort"] == 1
    assert winner.registry.uploads.status("app", record.uuid).size == len(DATA)


class Whole:
    """An input that returns all of its bytes at once."""

    def __init__(self, data: bytes) -> None:
        self.read: Callable[[int], bytes] = lambda size: data
