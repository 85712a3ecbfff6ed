"""Which failed calls are retried, how often, and after what delay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from host.tests.storage.failing import FailingDriver
from hypothesis import given
from hypothesis import strategies as st

from entrepot.storage import CheckedDriver, RetryPolicy
from entrepot_contract import Denied, StorageDriver, StorageError, Throttled, Unavailable, WriteMode

Call = Callable[[StorageDriver], object]


def gone() -> Unavailable:
    return Unavailable("gone", driver="failing", operation="any")


def throttled(seconds: float | None = None) -> Throttled:
    retry_after = None if seconds is None else timedelta(seconds=seconds)
    return Throttled("slower", driver="failing", operation="any", retry_after=retry_after)


REPLAYED: list[Call] = [
    lambda driver: driver.put("k", b"new"),
    lambda driver: driver.read("here"),
    lambda driver: driver.stat("here"),
    lambda driver: list(driver.list_objects()),
    lambda driver: driver.delete(iter(["here", "there"])),
    lambda driver: driver.upload_start("k"),
]
ONCE: list[Call] = [
    lambda driver: driver.put("k", b"new", mode=WriteMode.CREATE),
    lambda driver: driver.move("here", "there"),
]


def prepared(*failures: Exception) -> tuple[FailingDriver, CheckedDriver, list[float]]:
    driver = FailingDriver()
    driver.wrapped.put("here", b"old")
    driver.failures = list(failures)
    pauses: list[float] = []
    return driver, CheckedDriver(driver, sleep=pauses.append), pauses


@pytest.mark.parametrize("call", REPLAYED)
def test_a_call_that_can_be_replayed_survives_three_failures(call: Call) -> None:
    driver, checked, pauses = prepared(gone(), throttled(), gone())
    call(checked)
    assert driver.total == 4
    assert len(pauses) == 3


@pytest.mark.parametrize("call", REPLAYED)
def test_the_fourth_failure_is_raised(call: Call) -> None:
    driver, checked, _ = prepared(*(gone() for _ in range(4)))
    with pytest.raises(Unavailable):
        call(checked)
    assert driver.total == 4


@pytest.mark.parametrize("call", REPLAYED)
def test_an_error_that_is_not_retryable_is_not_retried(call: Call) -> None:
    driver, checked, pauses = prepared(Denied("no", driver="failing", operation="any"))
    with pytest.raises(Denied):
        call(checked)
    assert (driver.total, pauses) == (1, [])


@pytest.mark.parametrize("failure", [gone(), throttled(), throttled(3)], ids=["unavailable", "throttled", "wait"])
@pytest.mark.parametrize("call", ONCE)
def test_a_call_that_may_have_succeeded_is_not_retried(call: Call, failure: StorageError) -> None:
    driver, checked, pauses = prepared(failure)
    with pytest.raises(type(failure)):
        call(checked)
    assert (driver.total, pauses) == (1, [])


@pytest.mark.parametrize("failure", [gone(), throttled()], ids=["unavailable", "throttled"])
@pytest.mark.parametrize("verb", ["upload_append", "upload_commit"])
def test_a_call_with_a_state_is_not_retried(verb: str, failure: StorageError) -> None:
    driver, checked, _ = prepared()
    state = checked.upload_start("k")
    driver.failures = [failure]
    with pytest.raises(type(failure)):
        checked.upload_append(state, [b"body"]) if verb == "upload_append" else checked.upload_commit(state)
    assert driver.calls[verb] == 1


@pytest.mark.parametrize("call", REPLAYED)
def test_a_retry_waits_as_long_as_the_backend_asks(call: Call) -> None:
    driver, checked, pauses = prepared(throttled(3))
    call(checked)
    assert len(pauses) == 1
    assert 3 <= pauses[0] < 4
    assert not driver.failures


@given(attempt=st.integers(1, 20), elapsed=st.floats(0, 20), retry_after=st.none() | st.floats(0, 20))
def test_a_delay_respects_retry_after_and_never_ends_too_late(
    attempt: int, elapsed: float, retry_after: float | None
) -> None:
    policy = RetryPolicy(attempts=30, base=0.05, longest=2, total=10)
    pause = policy.pause(throttled(retry_after), attempt=attempt, elapsed=elapsed, replayable=True)
    if pause is None:
        assert elapsed + (retry_after or 0) + 2 > 10
    else:
        assert elapsed + pause <= 10
        assert 0 <= pause - (retry_after or 0) <= min(2, 0.05 * 2**attempt) + 1e-6


def test_the_duration_of_a_retried_call_includes_all_attempts() -> None:
    seen: list[StorageError | None] = []
    driver = FailingDriver(gone(), gone())
    driver.wrapped.put("here", b"old")
    checked = CheckedDriver(driver, sleep=lambda _: None, observe=lambda _o, _s, error: seen.append(error))
    checked.stat("here")
    assert seen == [None]
