"""Several clients at once, each in a process of its own, so that no client waits for another's interpreter."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Barrier

from entrepot_benchmarks.errors import BenchmarkError

__all__ = ["Spell", "run_together"]

Job = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Spell:
    """How long the jobs took together, and the processor time of the generator, both in seconds."""

    elapsed: float
    cpu: float


@dataclass(frozen=True, slots=True)
class _Report:
    began: float
    ended: float
    cpu: float
    error: str | None


def run_together(jobs: Sequence[Job], *, watch: Callable[[], None] | None = None) -> Spell:
    """Run the jobs in processes that start together; ``watch`` is called ten times a second until the last one ends.

    Raises BenchmarkError where a job failed.
    """
    fork = multiprocessing.get_context("fork")  # a payload is an open file that only a forked child inherits
    barrier = fork.Barrier(len(jobs))
    processes, pipes = [], []
    for job in jobs:
        ours, theirs = fork.Pipe(duplex=False)
        process = fork.Process(target=_run, args=(job, barrier, theirs))
        process.start()
        theirs.close()
        processes.append(process)
        pipes.append(ours)
    while watch is not None and len(wait(pipes, timeout=0)) < len(pipes):
        watch()
        time.sleep(0.1)
    reports = [_receive(pipe) for pipe in pipes]
    for process in processes:
        process.join()
    failed = [report.error for report in reports if report.error is not None]
    if failed:
        raise BenchmarkError("; ".join(failed))
    elapsed = max(report.ended for report in reports) - min(report.began for report in reports)
    return Spell(elapsed, sum(report.cpu for report in reports))


def _run(job: Job, barrier: Barrier, pipe: Connection) -> None:
    barrier.wait()
    error = None
    began, cpu = time.monotonic(), time.process_time()
    try:
        job()
    except (BenchmarkError, OSError, KeyError, ValueError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    pipe.send(_Report(began, time.monotonic(), time.process_time() - cpu, error))


def _receive(pipe: Connection) -> _Report:
    try:
        report = pipe.recv()
    except EOFError as error:
        raise BenchmarkError("a client process died before it reported; its traceback is above") from error
    if not isinstance(report, _Report):
        raise BenchmarkError(f"a client process reported {report!r}")
    return report
