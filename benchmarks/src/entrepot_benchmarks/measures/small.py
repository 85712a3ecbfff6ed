"""Small requests: a manifest by its tag, a small blob, a list of tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from entrepot_benchmarks.load.wrk import run_wrk
from entrepot_benchmarks.measure import Aim, Measure, Row, Sample
from entrepot_benchmarks.targets.registry import Registry

__all__ = ["request_rate"]


def request_rate(
    registries: Sequence[Registry],
    title: str,
    path: str,
    *,
    seconds: int,
    aims: Mapping[str, Aim],
    headers: Mapping[str, str] | None = None,
) -> Measure:
    """Requests a second for one path below /v2/."""
    runs = {registry.name: partial(_rate, registry.url(path), seconds, headers) for registry in registries}
    return Measure((Row(title, "requests/s", aims),), runs, warm_up=True)


def _rate(url: str, seconds: int, headers: Mapping[str, str] | None) -> Sample:
    result = run_wrk(url, seconds=seconds, headers=headers)
    return Sample((result.rate,), result.cores)
