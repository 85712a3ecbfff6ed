"""When a failed delivery is retried."""

from __future__ import annotations

import time
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from entrepot.notify.schedule import Schedule


def test_a_failure_delays_only_its_own_repository() -> None:
    schedule = Schedule(threshold=10, backoff=timedelta(hours=1))
    schedule.failed("a", 0, None)
    assert schedule.held_back() == ["a"]
    assert schedule.wait == 0
    assert not schedule.probing


def test_after_some_failures_in_a_row_the_endpoint_pauses_and_is_then_probed() -> None:
    schedule = Schedule(threshold=3, backoff=timedelta(milliseconds=20))
    for _ in range(3):
        schedule.failed("a", 0, None)
    assert schedule.probing
    time.sleep(schedule.wait)
    assert schedule.wait == 0
    assert schedule.held_back() == []
    schedule.taken()
    assert not schedule.probing


def test_retry_after_is_respected_up_to_an_hour() -> None:
    schedule = Schedule(threshold=10, backoff=timedelta(0))
    schedule.failed("a", 0, timedelta(minutes=5))
    assert 290 < schedule.wait <= 300
    schedule.failed("a", 0, timedelta(days=5))
    assert 3590 < schedule.wait <= 3600


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 10**6)), max_size=50), st.integers(1, 5))
def test_no_backoff_exceeds_five_minutes(failures: list[tuple[str, int]], threshold: int) -> None:
    schedule = Schedule(threshold, timedelta(seconds=1))
    for repository, attempts in failures:
        schedule.failed(repository, attempts, None)
        assert 0 <= schedule.wait <= 300
    assert schedule.probing is (len(failures) >= threshold)


def test_backoff_is_spread_over_the_full_interval() -> None:
    waits = []
    for _ in range(200):
        schedule = Schedule(threshold=1, backoff=timedelta(seconds=100))
        schedule.failed("a", 0, None)
        waits.append(schedule.wait)
    assert min(waits) < 20
    assert 80 < max(waits) <= 100
