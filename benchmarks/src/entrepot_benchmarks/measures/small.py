"""Small requests: a manifest by its tag, a small blob, a list of tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from entrepot_benchmarks.load.wrk import run_wrk
from entrepot_benchmarks.measure import Aim, Measure, Row, Sample

__all__ = ["Target", "request_rate"]


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, and the headers that it is asked for with."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def request_rate(targets: Mapping[str, Target], title: str, *, seconds: int, aims: Mapping[str, Aim]) -> Measure:
    """Requests a second for one URL of each server, by the server's name."""
    runs = {name: partial(_rate, target, seconds) for name, target in targets.items()}
    return Measure((Row(title, "requests/s", aims),), runs, warm_up=True)


def _rate(target: Target, seconds: int) -> Sample:
    result = run_wrk(target.url, seconds=seconds, headers=target.headers)
    return Sample((result.rate,), result.cores)
