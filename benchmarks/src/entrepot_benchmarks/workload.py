"""What a target is loaded with: the seam between the runner, which takes turns, and what happens in a turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target

__all__ = ["Workload"]


class Workload(Protocol):
    """One or several cases that are measured in the same turn."""

    @property
    def cases(self) -> Sequence[CaseInfo]:
        """What a turn measures; the first tells whether a target takes it."""

    @property
    def clients(self) -> Sequence[int]:
        """With how many clients at once, each in a turn of its own."""

    @property
    def most_rounds(self) -> int:
        """In how many rounds it takes its turns at most: few for what takes minutes."""

    def prepare(self, target: Target) -> None:
        """Push what the turns on this target read: before the first round, and when a target has lost what it had."""

    def forget(self, target: Target) -> None:
        """Remove what ``prepare`` has pushed, as far as it came."""

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Load a target for about so many seconds, at least one operation each client; a spell by the case's name.

        What is pushed is removed again, outside the timed part, also where the turn fails. Raises BenchmarkError where
        an answer was not the expected one, and KeyboardInterrupt on Ctrl-C, when the clients have ended.
        """
