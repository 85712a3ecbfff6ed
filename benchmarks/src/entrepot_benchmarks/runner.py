"""Rounds: every target is loaded in turn, case by case, again and again.

The machine's speed drifts (neighbours, the state of its memory and disk). Targets that are loaded one right after the
other meet the same machine, so they are compared within the round, and the spread over the rounds tells the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from entrepot_benchmarks import ceiling
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.results.model import Run, Series
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workload import Workload

__all__ = ["Progress", "Runner"]


class Progress(Protocol):
    """Whoever is told how far the run has come."""

    def expect(self, turns: int) -> None:
        """There will be so many turns."""

    def turn(self, what: str) -> None:
        """A turn begins; the one before has ended."""

    def fault(self, what: str) -> None:
        """Something failed, and the run goes on without it."""


@dataclass(frozen=True, slots=True)
class _Turn:
    workload: Workload
    clients: int
    target: Target


class Runner:
    """Measures workloads on targets, and keeps what it has measured in ``run`` as it goes.

    A target that fails at a case is left out of that case from then on, and one that fails before the first round of
    all; the run is partial then. ``keep`` is called after each round.
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

    def measure(self) -> None:
        """Prepare, take the turns of all rounds, and remove what was prepared, however it ends.

        Ctrl-C ends it after the operations under way, and makes the run partial. Raises BenchmarkError where no target
        could be prepared.
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
            done = max((len(series.spells) for series in self.run.series), default=0)
            self.run.partial = f"interrupted in round {done} of {self.run.rounds}"
        finally:
            self.run.seconds = time.monotonic() - began
            self._forget()

    def _prepare(self) -> None:
        for target in list(self._targets):
            self._progress.turn(f"prepare {target.info.name}")
            try:
                for workload in self._taken(target):
                    self._prepared.append((workload, target))
                    workload.prepare(target)
            except BenchmarkError as error:
                self._targets.remove(target)
                self._fault(f"{target.info.name} is left out: {error}")
        if not self._targets:
            raise BenchmarkError(f"nothing is left to measure: {self.run.partial}")

    def _taken(self, target: Target) -> list[Workload]:
        return [workload for workload in self._workloads if target.takes(workload.cases[0])]

    def _turns(self) -> Iterator[_Turn]:
        for workload in self._workloads:
            for clients in workload.clients:
                for target in self._targets:
                    if target.takes(workload.cases[0]):
                        yield _Turn(workload, clients, target)

    def _round(self, number: int, turns: Sequence[_Turn]) -> None:
        self._ceiling()
        for turn in turns:
            case, name = turn.workload.cases[0].name, turn.target.info.name
            series = self._of(case, turn.clients, name)
            if series.failed is not None or number >= turn.workload.most_rounds:
                continue
            clients = "1 client" if turn.clients == 1 else f"{turn.clients} clients"
            self._progress.turn(f"round {number + 1} of {self.run.rounds}: {case}, {clients}: {name}")
            try:
                spells = turn.workload.turn(turn.target, turn.clients, self._seconds)
                turn.target.settle(partial(self._refill, turn.target))
            except BenchmarkError as error:
                series.failed = str(error)
                self._fault(f"{case}, {clients}, {name}: {error}")
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
            workload.prepare(target)

    def _forget(self) -> None:
        for workload, target in self._prepared:
            try:
                workload.forget(target)
            except BenchmarkError as error:
                self._fault(f"what was prepared on {target.info.name} could not be removed: {error}")

    def _fault(self, what: str) -> None:
        self.run.partial = f"{self.run.partial}; {what}" if self.run.partial else what
        self._progress.fault(what)
