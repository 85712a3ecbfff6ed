"""Several clients at once, each in a process of its own, so that no client waits for another's interpreter."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import Spell

__all__ = ["Begun", "Client", "run_clients"]

Client = Callable[[], Callable[[int], int]]
"""Connects, outside the timed part, and answers what does the operation of a number: the bytes that it moved."""

MOST_LATENCIES = 200
END_SECONDS = 20.0
LOOK_SECONDS = 0.2

_fork = multiprocessing.get_context("fork")  # a payload is an open file that only a forked child inherits


class Begun:
    """How many operations each client has begun, known also when a client died: the last may have been cut short."""

    def __init__(self, clients: int) -> None:
        self._counts = _fork.RawArray("Q", clients)

    def note(self, client: int, number: int) -> None:
        """The operation of a number begins."""
        self._counts[client] = number + 1

    def operations(self) -> list[tuple[int, int]]:
        """Client and number of each operation that was begun."""
        return [(client, number) for client, count in enumerate(self._counts) for number in range(count)]


@dataclass(frozen=True, slots=True)
class _Report:
    began: float
    ended: float
    cpu: float
    bytes: int
    latencies: list[float]
    error: str | None


def run_clients(
    clients: Sequence[Client],
    seconds: float,
    *,
    begun: Begun | None = None,
    least: int = 1,
    watch: Callable[[], None] | None = None,
) -> Spell:
    """Run operations of all clients for so many seconds, at least ``least`` each; ``watch`` is called now and then.

    Raises BenchmarkError where an operation failed; on Ctrl-C the clients end the operation that they are at, and the
    interrupt is raised again.
    """
    begun = begun or Begun(len(clients))
    stop = _fork.RawValue("b", 0)
    barrier = _fork.Barrier(len(clients))

    def go_on(deadline: float, number: int) -> bool:
        return not stop.value and (number < least or time.perf_counter() < deadline)

    processes: list[ForkProcess] = []
    pipes: list[Pipe] = []
    try:
        for index, client in enumerate(clients):
            ours, theirs = _fork.Pipe(duplex=False)
            note = _noting(begun, index)
            process = _fork.Process(target=_run, args=(client, barrier, theirs, seconds, go_on, note), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        left = set(pipes)
        while left:
            left.difference_update(wait(left, timeout=LOOK_SECONDS))
            if watch is not None:
                watch()
        reports = [_receive(pipe) for pipe in pipes]
    finally:
        stop.value = 1
        _end(processes)
        for pipe in pipes:
            pipe.close()
    failed = sorted({report.error for report in reports if report.error})
    if failed:
        raise BenchmarkError("; ".join(failed[:3]))
    return _spell(reports)


def _noting(begun: Begun, index: int) -> Callable[[int], None]:
    return lambda number: begun.note(index, number)


def _run(
    client: Client,
    barrier: Barrier,
    pipe: Pipe,
    seconds: float,
    go_on: Callable[[float, int], bool],
    note: Callable[[int], None],
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells when to end, and between two operations
    error: str | None = None
    latencies: list[float] = []
    moved = 0
    began, cpu = time.perf_counter(), time.process_time()
    try:
        operation = client()
        barrier.wait()
        before = began = time.perf_counter()
        cpu = time.process_time()
        deadline, number = began + seconds, 0
        while go_on(deadline, number):
            note(number)
            moved += operation(number)
            now = time.perf_counter()
            latencies.append(now - before)
            before, number = now, number + 1
    except BrokenBarrierError:
        error = ""
    except (BenchmarkError, OSError, KeyError, ValueError) as problem:
        barrier.abort()
        error = str(problem) if isinstance(problem, BenchmarkError) else f"{type(problem).__name__}: {problem}"
    pipe.send(_Report(began, time.perf_counter(), time.process_time() - cpu, moved, latencies, error))


def _receive(pipe: Pipe) -> _Report:
    try:
        report = pipe.recv()
    except EOFError as error:
        raise BenchmarkError("a client process died before it reported; its traceback is above") from error
    if not isinstance(report, _Report):
        raise BenchmarkError(f"a client process reported {report!r}")
    return report


def _end(processes: Sequence[ForkProcess]) -> None:
    deadline = time.monotonic() + END_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _spell(reports: Sequence[_Report]) -> Spell:
    latencies = sorted(value for report in reports for value in report.latencies)
    step = max(1, len(latencies) // MOST_LATENCIES)
    return Spell(
        operations=len(latencies),
        bytes=sum(report.bytes for report in reports),
        elapsed=max(report.ended for report in reports) - min(report.began for report in reports),
        generator_cpu=sum(report.cpu for report in reports),
        latencies=tuple(latencies[step // 2 :: step]),
    )
