"""The interface between the runner, which schedules turns, and the workloads that run in a turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target

__all__ = ["Workload"]


class Workload(Protocol):
    """One or more cases that are measured in the same turn."""

    @property
    def cases(self) -> Sequence[CaseInfo]:
        """The cases measured in a turn; the first one decides whether a target accepts the workload."""

    @property
    def clients(self) -> Sequence[int]:
        """The numbers of concurrent clients, each measured in a separate turn."""

    @property
    def most_rounds(self) -> int:
        """Maximum number of rounds; low for workloads that take minutes."""

    def prepare(self, target: Target) -> None:
        """Push the data that the turns read: before the first round, and again if the target has lost it."""

    def forget(self, target: Target) -> None:
        """Remove the data that ``prepare`` has pushed so far."""

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Load a target for about ``seconds``, with at least one operation per client. Return spells by case name.

        Pushed data is removed again, outside the timed part, even if the turn fails. Raises BenchmarkError if a
        response was not the expected one, and KeyboardInterrupt on Ctrl-C, once the clients have ended.
        """
