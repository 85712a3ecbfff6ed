"""A complete run: start the targets, measure them, and remove them again."""

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
    "All targets run at the same time and are loaded in turn within each round; ratios are computed within a round. "
    "Pushed data is random and unique, and is removed after each turn, outside the timed part.",
    "entrepot and all registries started by this run have the same configuration: deletion enabled, blob descriptors "
    "cached in memory, redirects disabled, log level error, and the access log, which is on by default, in a file.",
    "1MB in a case name means 2^20 bytes, as in zot's zb, which has the same cases under the same names; an image "
    "there has one layer. MB in MB/s are 10^6 bytes. Pulls are served from the page cache if the backend has one.",
    "Each client is a separate process with one connection, on this machine; it sends and reads as fast as it can.",
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A target that has not been started yet: its name and a function that starts it."""

    name: str
    start: Callable[[], Target]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure and for how long; ``data`` is the folder for local backends and logs."""

    openings: Sequence[Opening]
    workloads: Sequence[Workload]
    rounds: int
    seconds: float
    data: Path
    notes: Sequence[str] = ()


def run_plan(plan: Plan, progress: Progress, keep: Callable[[Run], None]) -> Run:
    """Start the targets, measure them and remove everything; ``keep`` is called with the run after each round.

    A target that cannot be started is skipped and makes the run partial; so does an interrupt. Raises BenchmarkError if
    no target can be started, or if two have the same name.
    """
    names = [opening.name for opening in plan.openings]
    for name in names:
        if names.count(name) > 1:
            raise BenchmarkError(f"two targets are named {name!r}: rename one of them")
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
            raise BenchmarkError("there is nothing to measure: no target supports any of the selected cases")
        run.cases = [case for workload in wanted for case in workload.cases]
        Runner(run, targets, wanted, seconds=plan.seconds, progress=progress, keep=lambda: keep(run)).measure()
    except KeyboardInterrupt:
        interrupt(run, "before the first round")
    finally:
        _end(stack, run)
    return run


def shown_command(words: Sequence[str]) -> str:
    """Return the command line with the options of backends and the credentials of peers redacted."""
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
            _fault(run, progress, f"{opening.name} skipped: {in_one_line(error)}")
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
    progress.turn(f"stop {target.info.name} and remove its remaining data of this run")
    try:
        target.close()
    except (BenchmarkError, OSError) as error:
        name = target.info.name
        _fault(run, progress, f"the remaining data of this run on {name} could not be removed: {in_one_line(error)}")
    for left in target.remains():
        run.notes.append(left)
        progress.fault(left)


def _fault(run: Run, progress: Progress, what: str) -> None:
    run.partial = f"{run.partial}; {what}" if run.partial else what
    progress.fault(what)
