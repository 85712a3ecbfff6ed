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

from entrepot_benchmarks.errors import BenchmarkError, in_one_line
from entrepot_benchmarks.interrupts import uninterrupted
from entrepot_benchmarks.machine import describe
from entrepot_benchmarks.results.model import Run
from entrepot_benchmarks.runner import Progress, Runner, interrupt
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

    A target that cannot be started is left out, and makes the run partial; so does an interrupt. Raises BenchmarkError
    where none can, and where two have one name.
    """
    names = [opening.name for opening in plan.openings]
    for name in names:
        if names.count(name) > 1:
            raise BenchmarkError(f"two targets are called {name!r}: give one of them another name")
    run = Run(
        started=datetime.now(UTC),
        command=shown_command(sys.argv),
        rounds=plan.rounds,
        machine=describe(plan.data),
        cases=[],
        targets=[],
        notes=[*NOTES, *plan.notes],
    )
    stack = ExitStack()
    try:
        targets = _start(plan.openings, progress, stack, run)
        if not targets:
            raise BenchmarkError(run.partial or "there is nothing to measure")
        wanted = [workload for workload in plan.workloads if any(one.takes(workload.cases[0]) for one in targets)]
        if not wanted:
            raise BenchmarkError("there is nothing to measure: no target takes any of the cases that were chosen")
        run.cases = [case for workload in wanted for case in workload.cases]
        Runner(run, targets, wanted, seconds=plan.seconds, progress=progress, keep=lambda: keep(run)).measure()
    except KeyboardInterrupt:
        interrupt(run, "before the first round")
    finally:
        _end(stack, run)
    return run


def shown_command(words: Sequence[str]) -> str:
    """A command line without the options of backends and the passwords of peers, which may be secret."""
    program = Path(words[0])
    name = f"python -m {program.parent.name}" if program.name == "__main__.py" else program.name
    hidden = [re.sub(r"//[^/]*@", "//...@", re.sub(r"\{.*\}", "{...}", word, flags=re.DOTALL)) for word in words[1:]]
    return " ".join([name, *map(shlex.quote, hidden)])


def _start(openings: Sequence[Opening], progress: Progress, stack: ExitStack, run: Run) -> list[Target]:
    targets: list[Target] = []
    for opening in openings:
        progress.turn(f"start {opening.name}")
        try:
            target = opening.start()
        except (BenchmarkError, OSError) as error:
            _fault(run, progress, f"{opening.name} is left out: {in_one_line(error)}")
            continue
        stack.callback(_close, target, run, progress)
        targets.append(target)
        run.targets.append(target.info)
    return targets


def _end(stack: ExitStack, run: Run) -> None:
    try:
        with uninterrupted():
            stack.close()
    except KeyboardInterrupt:
        interrupt(run, "after the last round")


def _close(target: Target, run: Run, progress: Progress) -> None:
    progress.turn(f"close {target.info.name}, and remove what it still holds of this run")
    try:
        target.close()
    except (BenchmarkError, OSError) as error:
        name = target.info.name
        _fault(run, progress, f"what {name} still holds of this run could not be removed: {in_one_line(error)}")
    for left in target.remains():
        run.notes.append(left)
        progress.fault(left)


def _fault(run: Run, progress: Progress, what: str) -> None:
    run.partial = f"{run.partial}; {what}" if run.partial else what
    progress.fault(what)
