"""Concurrent clients, each in a separate process so that they do not share an interpreter lock."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import Spell, spaced

__all__ = ["Begun", "Client", "run_clients"]

Client = Callable[[], Callable[[int], int]]
"""Connects, outside the timed part, and returns a function that runs operation ``n`` and returns its bytes."""

END_SECONDS = 20.0
POLL_SECONDS = 0.2

_fork = multiprocessing.get_context("fork")  # a payload is an open file, which only a forked child inherits


class Begun:
    """The number of operations that each client has begun, in shared memory that survives a crash of a client."""

    def __init__(self, clients: int) -> None:
        self._counts = _fork.RawArray("Q", clients)

    def note(self, client: int, number: int) -> None:
        """Record that operation ``number`` of a client begins."""
        self._counts[client] = number + 1

    def operations(self) -> list[tuple[int, int]]:
        """Return client and number of each operation that was begun."""
        return [(client, number) for client, count in enumerate(self._counts) for number in range(count)]


@dataclass(frozen=True, slots=True)
class _Report:
    began: float
    ended: float
    cpu: float
    bytes: int
    latencies: list[float]
    error: str | None


class _Gun:
    """Starts all clients at the same time. If a client or the parent dies, no process waits forever."""

    def __init__(self) -> None:
        self._line, self._shot = os.pipe()

    def fire(self, clients: int) -> None:
        """Start ``clients`` waiting clients."""
        os.write(self._shot, b"!" * clients)

    def wait(self) -> bool:
        """Wait for the start, in a client. Return False if it was cancelled."""
        os.close(self._shot)
        return os.read(self._line, 1) == b"!"

    def call_off(self) -> None:
        """Cancel the start for clients that are still waiting."""
        os.close(self._shot)
        os.close(self._line)


def run_clients(
    clients: Sequence[Client],
    seconds: float,
    *,
    begun: Begun | None = None,
    least: int = 1,
    watch: Callable[[], None] | None = None,
) -> Spell:
    """Run all clients for ``seconds``, at least ``least`` operations each; ``watch`` is called periodically.

    Raises BenchmarkError if an operation failed or a client died, after the other clients have finished their current
    operation. The same applies to KeyboardInterrupt.
    """
    begun = begun or Begun(len(clients))
    stop = _fork.RawValue("b", 0)
    gun = _Gun()

    def go_on(deadline: float, number: int) -> bool:
        return not stop.value and (number < least or time.perf_counter() < deadline)

    processes: list[ForkProcess] = []
    pipes: dict[Pipe, ForkProcess] = {}
    ready, reports = 0, list[_Report]()
    try:
        for index, client in enumerate(clients):
            ours, theirs = _fork.Pipe(duplex=False)
            arguments = (client, gun, theirs, [*pipes, ours], seconds, go_on, _noting(begun, index))
            process = _fork.Process(target=_run, args=arguments, daemon=True, name=f"client {index + 1}")
            with _blocking_interrupts():
                process.start()
            theirs.close()
            processes.append(process)
            pipes[ours] = process
        while len(reports) < len(clients):
            for pipe in set(pipes).intersection(wait(list(pipes), timeout=POLL_SECONDS)):
                report = _receive(pipe, pipes[pipe])
                if report is None:
                    ready += 1
                    if ready == len(clients):
                        gun.fire(ready)
                    continue
                if report.error is not None:
                    raise BenchmarkError(report.error)
                reports.append(report)
                del pipes[pipe]
                pipe.close()
            if watch is not None and ready == len(clients):
                watch()
    finally:
        stop.value = 1
        gun.call_off()
        _end(processes)
        for pipe in pipes:
            pipe.close()
    return _spell(reports)


def _noting(begun: Begun, index: int) -> Callable[[int], None]:
    return lambda number: begun.note(index, number)


@contextmanager
def _blocking_interrupts() -> Iterator[None]:
    """Block interrupts while a process starts, so that the process never receives them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run(
    client: Client,
    gun: _Gun,
    pipe: Pipe,
    inherited: Sequence[Pipe],
    seconds: float,
    go_on: Callable[[float, int], bool],
    note: Callable[[int], None],
) -> None:
    for other in inherited:
        other.close()  # otherwise the death of the parent would go unnoticed
    error: str | None = None
    latencies: list[float] = []
    moved = 0
    began, cpu = time.perf_counter(), time.process_time()
    try:
        operation = client()
        pipe.send(None)
        if not gun.wait():
            return
        before = began = time.perf_counter()
        cpu = time.process_time()
        deadline, number = began + seconds, 0
        while go_on(deadline, number):
            note(number)
            moved += operation(number)
            now = time.perf_counter()
            latencies.append(now - before)
            before, number = now, number + 1
    except (BenchmarkError, OSError, KeyError, ValueError) as problem:
        error = str(problem) if isinstance(problem, BenchmarkError) else f"{type(problem).__name__}: {problem}"
    pipe.send(_Report(began, time.perf_counter(), time.process_time() - cpu, moved, latencies, error))


def _receive(pipe: Pipe, process: ForkProcess) -> _Report | None:
    """Receive a client's message: None when it is ready, then its report."""
    try:
        report = pipe.recv()
    except (EOFError, OSError) as error:
        process.join(END_SECONDS)
        raise BenchmarkError(
            f"{process.name} of the load generator {_end_of(process.exitcode)} before it reported"
        ) from error
    if report is not None and not isinstance(report, _Report):
        raise BenchmarkError(f"{process.name} of the load generator sent {report!r}")
    return report


def _end_of(status: int | None) -> str:
    if status is not None and status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"exited with status {status} (see the traceback above)"


def _end(processes: Sequence[ForkProcess]) -> None:
    deadline = time.monotonic() + END_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _spell(reports: Sequence[_Report]) -> Spell:
    latencies = [value for report in reports for value in report.latencies]
    return Spell(
        operations=len(latencies),
        bytes=sum(report.bytes for report in reports),
        elapsed=max(report.ended for report in reports) - min(report.began for report in reports),
        generator_cpu=sum(report.cpu for report in reports),
        latencies=spaced(latencies),
    )
