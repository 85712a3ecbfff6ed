"""Measures in rounds: in each round, every target is loaded in turn, case by case.

The speed of a machine drifts (other tenants, state of memory and disk). Targets that are loaded immediately after each
other run under the same conditions, so they are compared within a round; the spread over the rounds shows the drift.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from entrepot_benchmarks import ceiling
from entrepot_benchmarks.errors import BenchmarkError, in_one_line
from entrepot_benchmarks.interrupts import uninterrupted
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.results.model import Run, Series
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workload import Workload

__all__ = ["GONE", "INTERRUPTED", "Progress", "Runner", "interrupt"]

INTERRUPTED: Final = "interrupted"
"""Prefix of ``Run.partial`` for an interrupted run."""

GONE: Final = "gone: "
"""Prefix of ``Series.failed`` if the target no longer responds."""


class Progress(Protocol):
    """Receives the progress of a run."""

    def expect(self, turns: int) -> None:
        """Set the total number of turns."""

    def turn(self, what: str) -> None:
        """Start a turn, which ends the previous one."""

    def fault(self, what: str) -> None:
        """Report a failure after which the run continues."""


@dataclass(frozen=True, slots=True)
class _Turn:
    workload: Workload
    clients: int
    target: Target


class Runner:
    """Measures workloads on targets, and adds the results to ``run``.

    A target that fails in a case is skipped in that case from then on; one that fails before the first round, or no
    longer responds, is skipped in all cases. The run is partial then. ``keep`` is called after each round.
    """

    def __init__(
        self,
        run: Run,
        targets: Sequence[Target],
        workloads: Sequence[Workload],
        *,
        seconds: float,
        progress: Progress,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        self.run = run
        self._targets = list(targets)
        self._workloads = workloads
        self._seconds = seconds
        self._progress = progress
        self._keep = keep
        self._prepared: list[tuple[Workload, Target]] = []
        self._series: dict[tuple[str, int, str], Series] = {}
        self._gone: dict[str, str] = {}
        self._number = 0

    def measure(self) -> None:
        """Prepare the targets, run the turns of all rounds, and remove the prepared data in any case.

        An interrupt stops it after the current operations, and makes the run partial. Raises BenchmarkError if no
        target could be prepared.
        """
        began = time.monotonic()
        try:
            self._prepare()
            turns = list(self._turns())
            rounds = self.run.rounds
            self._progress.expect(sum(min(rounds, turn.workload.most_rounds) for turn in turns))
            for number in range(rounds):
                self._round(number, turns)
                self.run.seconds = time.monotonic() - began
                self._keep()
        except KeyboardInterrupt:
            within = f"in round {self._number} of {self.run.rounds}"
            interrupt(self.run, within if self._number else "before the first round")
        finally:
            self._end(began)

    def _end(self, began: float) -> None:
        try:
            with uninterrupted():
                self.run.seconds = time.monotonic() - began
                self._forget()
        except KeyboardInterrupt:
            interrupt(self.run, "after the last round")

    def _prepare(self) -> None:
        for target in list(self._targets):
            self._progress.turn(f"prepare {target.info.name}")
            try:
                for workload in self._taken(target):
                    self._prepared.append((workload, target))
                    self._push(workload, target)
            except (BenchmarkError, OSError) as error:
                self._targets.remove(target)
                self.run.targets.remove(target.info)
                self._fault(f"{target.info.name} skipped: {in_one_line(error)}")
        if not self._targets:
            raise BenchmarkError(f"there is nothing to measure: {self.run.partial}")

    def _taken(self, target: Target) -> list[Workload]:
        return [workload for workload in self._workloads if target.takes(workload.cases[0])]

    def _turns(self) -> Iterator[_Turn]:
        for workload in self._workloads:
            for clients in workload.clients:
                for target in self._targets:
                    if target.takes(workload.cases[0]):
                        yield _Turn(workload, clients, target)

    def _round(self, number: int, turns: Sequence[_Turn]) -> None:
        self._number = number + 1
        self._ceiling()
        for turn in turns:
            case, name = turn.workload.cases[0].name, turn.target.info.name
            series = self._of(case, turn.clients, name)
            if name in self._gone:
                series.failed = series.failed or self._gone[name]
            if series.failed is not None or number >= turn.workload.most_rounds:
                continue
            clients = "1 client" if turn.clients == 1 else f"{turn.clients} clients"
            self._progress.turn(f"round {number + 1} of {self.run.rounds}: {case}, {clients}: {name}")
            try:
                spells = turn.workload.turn(turn.target, turn.clients, self._seconds)
                turn.target.settle(partial(self._refill, turn.target))
            except (BenchmarkError, OSError) as error:
                series.failed = in_one_line(error)
                reason = turn.target.gone()
                if reason is None:
                    self._fault(f"{case}, {clients}, {name}: {series.failed}")
                else:
                    self._gone[name] = f"{GONE}{' '.join(reason.split())}"
                    series.failed = f"{series.failed}; {self._gone[name]}"
                    self._fault(f"{name} skipped from {case} with {clients} on, because it is {self._gone[name]}")
            else:
                for each, spell in spells.items():
                    self._of(each, turn.clients, name).spells.append(spell)

    def _ceiling(self) -> None:
        source = PayloadSource(ceiling.SIZE)
        try:
            self.run.ceiling.sha256.append(ceiling.sha256())
            self.run.ceiling.loopback.append(ceiling.loopback(source))
        finally:
            source.close()

    def _of(self, case: str, clients: int, target: str) -> Series:
        key = (case, clients, target)
        if key not in self._series:
            self._series[key] = Series(*key)
            self.run.series.append(self._series[key])
        return self._series[key]

    def _refill(self, target: Target) -> None:
        for workload in self._taken(target):
            self._push(workload, target)

    def _push(self, workload: Workload, target: Target) -> None:
        # A push aborted in the middle of a body could keep a server busy with it while the server is stopped.
        with uninterrupted(breakable=True):
            workload.prepare(target)

    def _forget(self) -> None:
        failed: dict[str, str] = {}
        for workload, target in self._prepared:
            self._progress.turn(f"remove the prepared data from {target.info.name}")
            try:
                workload.forget(target)
            except (BenchmarkError, OSError) as error:
                failed.setdefault(target.info.name, in_one_line(error))
        # Removal is tried again when a target is closed, and what remains is reported, unless the target is gone.
        for name, reason in failed.items():
            if name not in self._gone:
                self._fault(f"the prepared data could not be removed from {name} on the first attempt: {reason}")

    def _fault(self, what: str) -> None:
        self.run.partial = f"{self.run.partial}; {what}" if self.run.partial else what
        self._progress.fault(what)


def interrupt(run: Run, when: str) -> None:
    """Mark a run as partial because it was interrupted, in addition to previous reasons."""
    run.partial = f"{INTERRUPTED} {when}" + (f"; {run.partial}" if run.partial else "")
