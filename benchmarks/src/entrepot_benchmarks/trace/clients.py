"""The processes that replay a trace, each with its own connection."""

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
_POLL_SECONDS: Final = 0.1


@dataclass(slots=True)
class Tally:
    """The bytes transferred by the requests of one kind, and their latencies in seconds."""

    bytes: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class Replayed:
    """The totals of all clients; times are in seconds, ``cpu`` is the CPU time of the clients."""

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
    """Replay a plan once with a number of clients; ``name`` is the file name for errors.

    ``speed`` follows the times of the trace, 2.0 twice as fast; None ignores the times. Raises BenchmarkError with the
    line whose response was not the expected one. On Ctrl-C, clients finish their current request.
    """
    fork = multiprocessing.get_context("fork")  # a payload is an open file, which only a forked child inherits
    order, barrier = Order(plan.records, clients), fork.Barrier(clients)
    processes: list[ForkProcess] = []
    pipes: list[Pipe] = []
    reports: list[_Report] = []
    try:
        for client in range(clients):
            ours, theirs = fork.Pipe(duplex=False)
            arguments = (_Client(plan, order, client, name, speed), connect, barrier, theirs)
            process = fork.Process(target=_run, args=arguments, daemon=True)
            _start_without_interrupts(process)
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
    """The part of a replay that runs in one process."""

    def __init__(self, plan: Plan, order: Order, number: int, name: str, speed: float | None) -> None:
        self._plan = plan
        self._order = order
        self._number = number
        self._name = name
        self._speed = speed
        self.tallies: dict[str, Tally] = {}

    def replay(self, exchange: Exchange, began: float) -> None:
        """Send requests until none are left."""
        while (index := self._order.take(self._number)) is not None:
            record = self._plan.records[index]
            due = began + record.time / self._speed if self._speed is not None else None
            if due is not None:
                self._sleep_until(due)
            if not self._order.await_turn(index):
                return
            # With a speed, latencies are measured from the scheduled time, so that delays of this client are included.
            before = time.perf_counter() if due is None else due
            try:
                moved = exchange.perform(record, self._plan.versions[index])
            except (BenchmarkError, OSError, KeyError, ValueError) as error:
                reason = str(error) if isinstance(error, BenchmarkError) else f"{type(error).__name__}: {error}"
                raise BenchmarkError(f"{self._name}:{record.line}: {record}: {reason}") from error
            tally = self.tallies.setdefault(record.kind, Tally())
            tally.latencies.append(time.perf_counter() - before)
            tally.bytes += moved

    def _sleep_until(self, due: float) -> None:
        while not self._order.stopped and (left := due - time.perf_counter()) > 0:
            time.sleep(min(left, _POLL_SECONDS))


def _run(client: _Client, connect: Callable[[], Exchange], barrier: Barrier, pipe: Pipe) -> None:
    gc.freeze()  # do not collect the parent's objects, which would copy their memory pages
    error: str | None = None
    began, cpu = time.perf_counter(), time.process_time()
    try:
        exchange = connect()
        barrier.wait()
        began, cpu = time.perf_counter(), time.process_time()
        client.replay(exchange, began)
    except BrokenBarrierError:
        error = ""  # another client reports the reason
    except (BenchmarkError, OSError) as problem:
        barrier.abort()
        error = str(problem)
    pipe.send(_Report(began, time.perf_counter(), time.process_time() - cpu, client.tallies, error))


def _start_without_interrupts(process: ForkProcess) -> None:
    """Start a process that never receives SIGINT."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _receive(pipe: Pipe) -> _Report:
    try:
        report = pipe.recv()
    except EOFError as error:
        raise BenchmarkError("a client process died before it reported; see its traceback above") from error
    if not isinstance(report, _Report):
        raise BenchmarkError(f"a client process sent {report!r}")
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
            total = tallies.setdefault(kind, Tally())
            total.bytes += tally.bytes
            total.latencies.extend(tally.latencies)
    elapsed = max(report.ended for report in reports) - min(report.began for report in reports)
    return Replayed(elapsed, sum(report.cpu for report in reports), tallies)
