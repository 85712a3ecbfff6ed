"""Comparison with the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from performance.gate.baseline import Baseline
from performance.gate.rows import Ratios

__all__ = ["TOLERANCE", "Verdict", "judge_calls", "judge_ratios"]

TOLERANCE: Final = 0.8
"""A row below this fraction of its baseline is a regression."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: its baseline, its current value, and their ratio (``kept``).

    ``spread`` is the minimum and maximum over the rounds, relative to the baseline.
    """

    row: str
    baseline: float
    value: float
    kept: float
    spread: tuple[float, float]

    @property
    def lost(self) -> bool:
        """Whether the row is a regression."""
        return self.kept < TOLERANCE


def judge_ratios(now: Ratios, baseline: Mapping[str, float]) -> list[Verdict]:
    """Compare the rows that are in both, using the median over the rounds."""
    return [
        Verdict(
            row,
            baseline[row],
            median(ratios),
            median(ratios) / baseline[row],
            (min(ratios) / baseline[row], max(ratios) / baseline[row]),
        )
        for row, ratios in now.items()
        if row in baseline
    ]


def judge_calls(now: Mapping[str, int], baseline: Baseline) -> list[Verdict]:
    """Compare the operations that are in both; fewer calls are better."""
    found = []
    for row, calls in now.items():
        before = baseline.calls.get(row)
        if before is not None:
            kept = before / calls if calls else 1.0
            found.append(Verdict(row, before, calls, kept, (kept, kept)))
    return found
