"""Comparison of two targets, round by round, over one or more rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median

from entrepot_benchmarks.page.numbers import rate, spread
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.results.model import Run

__all__ = ["Ratio", "compare"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratios of ours to theirs in each common round, at least one."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def open(self) -> bool:
        """Whether neither was faster in every round."""
        return min(self.values) <= 1 <= max(self.values)

    @property
    def faster(self) -> bool:
        """Whether ours was faster in every round."""
        return min(self.values) > 1

    def than(self, other: str) -> str:
        """Describe how much faster ours was, with the spread over the rounds, unless the rounds disagree."""
        if self.open:
            low, high = rate(min(self.values)), rate(max(self.values))
            return f"no significant difference from {other} ({low} to {high} times as fast)"
        return f"{rate(self.median)} times as fast as {other} ({self.between})"

    @property
    def between(self) -> str:
        """The spread over the rounds."""
        return spread(min(self.values), max(self.values)) if len(self.values) > 1 else "one round, so no spread"


def compare(run: Run, rows: Sequence[Row], ours: str, theirs: str) -> Ratio | None:
    """Return the geometric mean over all rows that contain both, round by round, or None if no row does."""
    pairs = [(one, other) for row in rows if (one := row.of(ours)) and (other := row.of(theirs))]
    return _mean([run.ratios(one.series, other.series) for one, other in pairs])


def _mean(ratios: Sequence[Sequence[float]]) -> Ratio | None:
    rounds = list(zip(*ratios, strict=False))
    return Ratio([geometric_mean(values) for values in rounds]) if rounds else None
