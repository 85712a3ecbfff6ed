"""A whole run: targets that somebody chose, measured, counted, priced, and removed again."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.machine import describe
from entrepot_benchmarks.results.model import Run
from entrepot_benchmarks.runner import Progress, Runner
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workload import Workload

__all__ = ["Opening", "Plan", "run_plan", "shown_command"]

NOTES = (
    "All targets run at once and are loaded in turn within each round; a ratio is taken within a round. What is pushed "
    "is random and unlike anything pushed before, and is removed after each turn, outside the timed part.",
    "entrepot and every registry that this run started have the same configuration: deletion enabled, blob descriptors "
    "cached in memory, redirects off, log level error, and the access log on, as by default, into a file.",
    "1MB in the name of a case are 2^20 bytes, as in zot's zb, whose cases these are where the name is the same; an "
    "image there has one layer. MB in MB/s are 10^6 bytes. Pulls come from the page cache, where the backend has one.",
    "Each client is a process of its own with one connection, on this machine; it sends and reads as fast as it can.",
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A target that is still to be started: its name, for the person who waits, and what starts it."""

    name: str
    start: Callable[[], Target]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure and how long; ``data`` is where local backends and logs lie."""

    openings: Sequence[Opening]
    workloads: Sequence[Workload]
    rounds: int
    seconds: float
    data: Path
    notes: Sequence[str] = ()


def run_plan(plan: Plan, progress: Progress, keep: Callable[[Run], None]) -> Run:
    """Start the targets, measure, and remove everything; ``keep`` gets the run after each round.

    A target that cannot be started is left out, and makes the run partial. Raises BenchmarkError where none can.
    """
    run = Run(
        started=datetime.now(UTC),
        command=shown_command(sys.argv),
        rounds=plan.rounds,
        machine=describe(plan.data),
        cases=[],
        targets=[],
        notes=[*NOTES, *plan.notes],
    )
    faults: list[str] = []
    with ExitStack() as stack:
        targets = _start(plan.openings, progress, stack, run, faults)
        if not targets:
            raise BenchmarkError("; ".join(faults) or "there is nothing to measure")
        wanted = [workload for workload in plan.workloads if any(one.takes(workload.cases[0]) for one in targets)]
        run.cases = [case for workload in wanted for case in workload.cases]
        run.partial = "; ".join(faults) or None
        Runner(run, targets, wanted, seconds=plan.seconds, progress=progress, keep=lambda: keep(run)).measure()
    return run


def shown_command(words: Sequence[str]) -> str:
    """A command line without the options of backends and the passwords of peers, which may be secret."""
    program = Path(words[0])
    name = f"python -m {program.parent.name}" if program.name == "__main__.py" else program.name
    hidden = [re.sub(r"//[^/]*@", "//...@", re.sub(r"\{.*\}", "{...}", word, flags=re.DOTALL)) for word in words[1:]]
    return " ".join([name, *map(shlex.quote, hidden)])


def _start(
    openings: Sequence[Opening], progress: Progress, stack: ExitStack, run: Run, faults: list[str]
) -> list[Target]:
    targets: list[Target] = []
    for opening in openings:
        progress.turn(f"start {opening.name}")
        try:
            target = opening.start()
        except BenchmarkError as error:
            faults.append(f"{opening.name} is left out: {error}")
            progress.fault(faults[-1])
            continue
        stack.callback(_close, target, run, progress)
        targets.append(target)
        run.targets.append(target.info)
    return targets


def _close(target: Target, run: Run, progress: Progress) -> None:
    try:
        target.close()
    except BenchmarkError as error:
        fault = f"what {target.info.name} still holds of this run could not be removed: {error}"
        run.partial = f"{run.partial}; {fault}" if run.partial else fault
        progress.fault(fault)
    for left in target.remains():
        run.notes.append(left)
        progress.fault(left)
