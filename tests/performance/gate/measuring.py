"""The measurements of the gate, repeated for apparent regressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from performance.comparisons import Comparison
from performance.gate.rows import Ratios, ratios_of

from entrepot_benchmarks.bench import Plan, run_plan
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.runner import Progress

__all__ = ["CASES", "Extent", "measure_rows"]

CASES: Final = (
    "Get Manifest",
    "Get Small Blob",
    "Get Tags",
    "Get Catalog",
    "Push Small Images",
    "Push Monolith 10MB",
    "Push Chunk Streamed 10MB",
    "Pull 10MB",
)


@dataclass(frozen=True, slots=True)
class Extent:
    """Numbers of rounds and seconds per turn; ``again``: how many times apparent regressions are measured again."""

    rounds: int
    seconds: float
    again: int
    rates: bool
    cases: Sequence[str] = CASES


def measure_rows(
    compare: Callable[[Path, str, ExitStack], Comparison],
    folder: Callable[[ExitStack], Path],
    run: str,
    extent: Extent,
    subjects: Sequence[str],
    peer: str,
    lost: Callable[[Ratios], Sequence[str]],
    progress: Progress,
) -> Ratios:
    """Measure the rows, and measure those returned by ``lost`` again; the results are pooled.

    Raises BenchmarkError if anything failed.
    """
    rows: Ratios = {}
    wanted = list(extent.cases)
    for _ in range(extent.again + 1):
        with ExitStack() as stack:
            place = folder(stack)
            compared = compare(place, run, stack)
            workloads = [one for one in compared.workloads if one.cases[0].name in wanted]
            plan = Plan(compared.openings, workloads, extent.rounds, extent.seconds, place)
            found = run_plan(plan, progress, lambda run: None)
        if found.partial:
            raise BenchmarkError(found.partial)
        for row, ratios in ratios_of(found, subjects, peer, rates=extent.rates).items():
            rows.setdefault(row, []).extend(ratios)
        wanted = [case for case in extent.cases if any(f": {case}, " in row for row in lost(rows))]
        if not wanted:
            break
    return rows
