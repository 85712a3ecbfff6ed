from __future__ import annotations

from collections.abc import Callable

import pytest

from entrepot_benchmarks.measure import Aim, Measure, Row, Sample
from entrepot_benchmarks.rounds import run_rounds


def recorded(log: list[str], name: str, values: list[float]) -> Callable[[], Sample]:
    rest = iter(values)

    def run() -> Sample:
        log.append(name)
        return Sample((next(rest),), generator=0.5)

    return run


def test_servers_take_turns_within_each_round() -> None:
    log: list[str] = []
    measure = Measure((Row("push", "MB/s"),), {name: recorded(log, name, [1.0] * 3) for name in ("a", "b", "c")})
    run_rounds([measure], 3, say=lambda _: None)
    assert log == ["a", "b", "c"] * 3


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    runs = {"a": recorded([], "a", [2.0, 30.0, 4.0]), "b": recorded([], "b", [1.0, 10.0, 4.0])}
    [comparison] = run_rounds([Measure((Row("push", "MB/s"),), runs)], 3, say=lambda _: None)
    assert comparison.ratios == [2.0, 3.0, 1.0]
    assert comparison.ratio == 2.0


def test_a_warm_up_is_run_and_dropped() -> None:
    log: list[str] = []
    runs = {"a": recorded(log, "a", [9.0, 1.0]), "b": recorded(log, "b", [9.0, 2.0])}
    [comparison] = run_rounds([Measure((Row("get", "requests/s"),), runs, warm_up=True)], 1, say=lambda _: None)
    assert (comparison.subject_values, comparison.peer_values) == ([1.0], [2.0])
    assert log == ["a", "b", "a", "b"]


def test_a_long_measure_runs_in_fewer_rounds() -> None:
    log: list[str] = []
    runs = {"a": recorded(log, "a", [1.0] * 2), "b": recorded(log, "b", [1.0] * 2)}
    run_rounds([Measure((Row("memory", "MB"),), runs, most_rounds=2)], 5, say=lambda _: None)
    assert log == ["a", "b"] * 2


@pytest.mark.parametrize(
    ("aim", "ratio", "value", "met"),
    [
        (Aim("ratio", 3), 3.0, 1, True),
        (Aim("ratio", 3), 2.99, 1, False),
        (Aim("value", 200), 9.0, 200, True),
        (Aim("value", 200), 0.1, 201, False),
    ],
)
def test_an_aim_is_met_at_its_bound(aim: Aim, ratio: float, value: float, met: bool) -> None:
    assert aim.met(ratio, value) is met
