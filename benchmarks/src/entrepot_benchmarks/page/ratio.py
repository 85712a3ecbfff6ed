"""One target beside another, round by round, over one row or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median

from entrepot_benchmarks.page.numbers import rate, spread
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.results.model import Run

__all__ = ["Ratio", "compare", "growth"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours to theirs in each round that both have, at least one."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def open(self) -> bool:
        """Whether the rounds disagree about who is faster."""
        return min(self.values) <= 1 <= max(self.values)

    @property
    def faster(self) -> bool:
        """Whether ours was faster in every round."""
        return min(self.values) > 1

    @property
    def slower(self) -> bool:
        """Whether ours was slower in every round."""
        return max(self.values) < 1

    def than(self, other: str) -> str:
        """By how much ours was faster than the other, and how far the rounds disagree."""
        return f"{rate(self.median)} times as fast as {other} ({self.between})"

    def beside(self, other: str) -> str:
        """The same, where the rounds may not be able to show a difference."""
        if self.open:
            low, high = rate(min(self.values)), rate(max(self.values))
            return f"no difference from {other} that these rounds can show ({low} to {high} times as fast)"
        return self.than(other)

    @property
    def between(self) -> str:
        """How far the rounds disagree."""
        return spread(min(self.values), max(self.values)) if len(self.values) > 1 else "one round, so no spread"


def compare(run: Run, rows: Sequence[Row], ours: str, theirs: str) -> Ratio | None:
    """The geometric mean over all rows that hold both, round by round; None where no row does."""
    pairs = [(one, other) for row in rows if (one := row.of(ours)) and (other := row.of(theirs))]
    return _mean([run.ratios(one.series, other.series) for one, other in pairs])


def growth(run: Run, rows: Sequence[Row], target: str) -> tuple[int, int, Ratio] | None:
    """Fewest clients, most clients, and how much more a target does with those, over all cases that have both."""
    most = max((row.clients for row in rows), default=0)
    fewest = min((row.clients for row in rows), default=0)
    ends = {(row.case.name, row.clients): row.of(target) for row in rows if row.clients in (fewest, most)}
    names = dict.fromkeys(row.case.name for row in rows)
    pairs = [(ends.get((name, most)), ends.get((name, fewest))) for name in names]
    ratio = _mean([run.ratios(one.series, other.series) for one, other in pairs if one and other])
    return (fewest, most, ratio) if ratio and most > fewest else None


def _mean(ratios: Sequence[Sequence[float]]) -> Ratio | None:
    rounds = list(zip(*ratios, strict=False))
    return Ratio([geometric_mean(values) for values in rounds]) if rounds else None
