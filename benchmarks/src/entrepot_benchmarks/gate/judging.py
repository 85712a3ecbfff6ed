"""What has been lost against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from entrepot_benchmarks.gate.baseline import Baseline
from entrepot_benchmarks.gate.rows import Ratios

__all__ = ["TOLERANCE", "Verdict", "judge_calls", "judge_ratios"]

TOLERANCE: Final = 0.8
"""A row that keeps less than this share of its baseline is lost."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: its baseline, its value now, and the share of the baseline that it keeps.

    ``spread`` is the least and the most of the rounds, as shares of the baseline.
    """

    row: str
    baseline: float
    value: float
    kept: float
    spread: tuple[float, float]

    @property
    def lost(self) -> bool:
        """Whether more than a fifth is gone."""
        return self.kept < TOLERANCE


def judge_ratios(now: Ratios, baseline: Mapping[str, float]) -> list[Verdict]:
    """The rows that both have; of the rounds counts the median."""
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
    """The operations that both have: fewer calls are better."""
    found = []
    for row, calls in now.items():
        before = baseline.calls.get(row)
        if before is not None:
            kept = before / calls if calls else 1.0
            found.append(Verdict(row, before, calls, kept, (kept, kept)))
    return found
