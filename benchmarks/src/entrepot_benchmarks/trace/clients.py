"""The processes that replay a trace together, each on a connection of its own."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.exchange import Exchange
from entrepot_benchmarks.trace.order import Order
from entrepot_benchmarks.trace.plan import Plan

__all__ = ["Replayed", "Tally", "replay_together"]

_END_SECONDS: Final = 30.0
_NAP: Final = 0.1


@dataclass(slots=True)
class Tally:
    """What the requests of one kind moved in bytes, and how long each took in seconds."""

    bytes: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class Replayed:
    """What all clients did together; both times in seconds, ``cpu`` of the clients' own processors."""

    elapsed: float
    cpu: float
    tallies: dict[str, Tally]


@dataclass(slots=True)
class _Report:
    began: float
    ended: float
    cpu: float
    tallies: dict[str, Tally]
    error: str | None


def replay_together(
    plan: Plan, connect: Callable[[], Exchange], clients: int, *, name: str, speed: float | None
) -> Replayed:
    """Replay a plan once, by so many clients; ``name`` is the file, for errors.

    ``speed`` keeps to the times of the trace, 2.0 twice as fast; None lets nobody wait. Raises BenchmarkError with the
    line whose answer was not the expected one. On Ctrl-C, clients end the request that they are at.
    """
    fork = multiprocessing.get_context("fork")  # what is pushed is an open file that only a forked child inherits
    order, barrier = Order(plan.records, clients), fork.Barrier(clients)
    processes: list[ForkProcess] = []
    pipes: list[Pipe] = []
    reports: list[_Report] = []
    try:
        for client in range(clients):
            ours, theirs = fork.Pipe(duplex=False)
            arguments = (_Client(plan, order, client, name, speed), connect, barrier, theirs)
            process = fork.Process(target=_run, args=arguments, daemon=True)
            _start_deaf(process)
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        left = set(pipes)
        while left:
            ready = left.intersection(wait(left))
            left -= ready
            for pipe in ready:
                reports.append(_receive(pipe))
                if reports[-1].error is not None:
                    order.stop()
    finally:
        order.stop()
        _end(processes)
        for pipe in pipes:
            pipe.close()
    failed = [report.error for report in reports if report.error]
    if failed:
        raise BenchmarkError("; ".join(failed[:3]))
    return _sum(reports)


class _Client:
    """One process's share of a replay."""

    def __init__(self, plan: Plan, order: Order, number: int, name: str, speed: float | None) -> None:
        self._plan = plan
        self._order = order
        self._number = number
        self._name = name
        self._speed = speed
        self.tallies: dict[str, Tally] = {}

    def replay(self, exchange: Exchange, began: float) -> None:
        """Send requests until there are none left."""
        while (index := self._order.take(self._number)) is not None:
            record = self._plan.records[index]
            due = began + record.time / self._speed if self._speed is not None else None
            if due is not None:
                self._sleep_until(due)
            if not self._order.await_turn(index):
                return
            # A client that is late has kept others waiting: with times to keep, they count from when it was due.
            before = time.perf_counter() if due is None else due
            try:
                moved = exchange.perform(record, self._plan.versions[index])
            except (BenchmarkError, OSError, KeyError, ValueError) as error:
                said = str(error) if isinstance(error, BenchmarkError) else f"{type(error).__name__}: {error}"
                raise BenchmarkError(f"{self._name}:{record.line}: {record}: {said}") from error
            tally = self.tallies.setdefault(record.kind, Tally())
            tally.latencies.append(time.perf_counter() - before)
            tally.bytes += moved

    def _sleep_until(self, due: float) -> None:
        while not self._order.stopped and (left := due - time.perf_counter()) > 0:
            time.sleep(min(left, _NAP))


def _run(client: _Client, connect: Callable[[], Exchange], barrier: Barrier, pipe: Pipe) -> None:
    gc.freeze()  # what the parent made is the parent's: looking through it would only copy it
    error: str | None = None
    began, cpu = time.perf_counter(), time.process_time()
    try:
        exchange = connect()
        barrier.wait()
        began, cpu = time.perf_counter(), time.process_time()
        client.replay(exchange, began)
    except BrokenBarrierError:
        error = ""  # another client tells why
    except (BenchmarkError, OSError) as problem:
        barrier.abort()
        error = str(problem)
    pipe.send(_Report(began, time.perf_counter(), time.process_time() - cpu, client.tallies, error))


def _start_deaf(process: ForkProcess) -> None:
    """Start a process that Ctrl-C does not reach, also not in its first moment."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _receive(pipe: Pipe) -> _Report:
    try:
        report = pipe.recv()
    except EOFError as error:
        raise BenchmarkError("a client process died before it reported; its traceback is above") from error
    if not isinstance(report, _Report):
        raise BenchmarkError(f"a client process reported {report!r}")
    return report


def _end(processes: Sequence[ForkProcess]) -> None:
    deadline = time.monotonic() + _END_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _sum(reports: Sequence[_Report]) -> Replayed:
    tallies: dict[str, Tally] = {}
    for report in reports:
        for kind, tally in report.tallies.items():
            whole = tallies.setdefault(kind, Tally())
            whole.bytes += tally.bytes
            whole.latencies.extend(tally.latencies)
    elapsed = max(report.ended for report in reports) - min(report.began for report in reports)
    return Replayed(elapsed, sum(report.cpu for report in reports), tallies)
