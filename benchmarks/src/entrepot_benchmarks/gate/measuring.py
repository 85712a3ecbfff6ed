"""The run of a gate: what is steady enough to be judged, again where it looks lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from entrepot_benchmarks.bench import Opening, Plan, run_plan
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.gate.rows import Ratios, ratios_of
from entrepot_benchmarks.results.model import Run
from entrepot_benchmarks.runner import Progress
from entrepot_benchmarks.workloads import standard_workloads

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
CLIENTS: Final = (4,)


@dataclass(frozen=True, slots=True)
class Extent:
    """Rounds of turns of so many seconds; ``again``: how often what looks lost is measured once more, and pooled."""

    rounds: int
    seconds: float
    again: int
    rates: bool
    cases: Sequence[str] = CASES


def measure_rows(
    openings: Callable[[Path, str, ExitStack], Sequence[Opening]],
    folder: Callable[[ExitStack], Path],
    run: str,
    extent: Extent,
    subjects: Sequence[str],
    peer: str,
    lost: Callable[[Ratios], Sequence[str]],
    progress: Progress,
) -> tuple[Ratios, Run]:
    """The rows of a run, those that ``lost`` names measured again, and the run that came first.

    Raises BenchmarkError where anything failed: what was not measured cannot pass.
    """
    rows: Ratios = {}
    first: Run | None = None
    wanted = list(extent.cases)
    for _ in range(extent.again + 1):
        with ExitStack() as stack:
            workloads = [one for one in standard_workloads(run, stack, CLIENTS) if one.cases[0].name in wanted]
            place = folder(stack)
            plan = Plan(openings(place, run, stack), workloads, extent.rounds, extent.seconds, place)
            found = run_plan(plan, progress, lambda run: None)
        if found.partial:
            raise BenchmarkError(found.partial)
        first = first or found
        for row, ratios in ratios_of(found, subjects, peer, rates=extent.rates).items():
            rows.setdefault(row, []).extend(ratios)
        wanted = [case for case in extent.cases if any(f": {case}, " in row for row in lost(rows))]
        if not wanted:
            break
    if first is None:
        raise BenchmarkError("nothing was measured")
    return rows, first
