"""Small requests: a manifest by its tag, a small blob, a list of tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from entrepot_benchmarks.load.wrk import run_wrk
from entrepot_benchmarks.measure import Aim, Measure, Row, Sample

__all__ = ["Target", "request_cost", "request_rate"]


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, the headers that it is asked for with, and what tells the seconds of processor time of its server."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    cpu_seconds: Callable[[], float]


def request_rate(targets: Mapping[str, Target], title: str, *, seconds: int, aims: Mapping[str, Aim]) -> Measure:
    """Requests a second for one URL of each server, by the server's name."""
    runs = {name: partial(_rate, target, seconds) for name, target in targets.items()}
    return Measure((Row(title, "requests/s", aims),), runs, warm_up=True)


def request_cost(targets: Mapping[str, Target], title: str, *, seconds: int, aims: Mapping[str, Aim]) -> Measure:
    """Like ``request_rate``, and how many requests the server answers in a second of its own processor time.

    The second tells what a request costs also where other programs take turns on the processor. The aims are the first
    row's.
    """
    runs = {name: partial(_cost, target, seconds) for name, target in targets.items()}
    rows = Row(title, "requests/s", aims), Row(f"{title}, by processor time", "requests/CPU s")
    return Measure(rows, runs, warm_up=True)


def _cost(target: Target, seconds: int) -> Sample:
    before = target.cpu_seconds()
    result = run_wrk(target.url, seconds=seconds, headers=target.headers)
    return Sample((result.rate, result.rate * seconds / (target.cpu_seconds() - before)), result.cores)


def _rate(target: Target, seconds: int) -> Sample:
    result = run_wrk(target.url, seconds=seconds, headers=target.headers)
    return Sample((result.rate,), result.cores)
