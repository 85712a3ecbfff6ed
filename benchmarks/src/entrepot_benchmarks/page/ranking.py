"""Ranking of targets for a kind of use: the first, those not significantly different, and the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import geometric_mean

from entrepot_benchmarks.page.numbers import clients
from entrepot_benchmarks.page.ratio import Ratio, compare
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.topics import Topic
from entrepot_benchmarks.results.model import Run

__all__ = ["Ranking", "Reversal", "rank"]


@dataclass(frozen=True, slots=True)
class Reversal:
    """A part of the rows, such as "with 16 clients", in which another target was faster in every round."""

    where: str
    name: str
    ratio: Ratio


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ranking over the rows that all its targets have; ratios are of the first to the other.

    - ``level``: the first was faster in some rounds only. ``behind``: it was faster in every round; closest first.
    """

    rows: Sequence[Row]
    first: str
    level: Sequence[tuple[str, Ratio]]
    behind: Sequence[tuple[str, Ratio]]
    reversals: Sequence[Reversal]

    @property
    def chosen(self) -> list[str]:
        """The first and those level with it."""
        return [self.first, *(name for name, _ in self.level)]


def rank(run: Run, topic: Topic, names: Sequence[str]) -> Ranking | None:
    """Rank targets for a kind of use, without those that have too few rows. Return None if none has any."""
    covered = {name: sum(1 for row in topic.rows if row.of(name)) for name in names}
    names = sorted((name for name in names if covered[name]), key=lambda name: -covered[name])
    while names and not (rows := [row for row in topic.rows if all(row.of(name) for name in names)]):
        names = names[:-1]
    if not names:
        return None
    first, *others = sorted(names, key=lambda name: -_score(rows, name))
    ratios = [(name, ratio) for name in others if (ratio := compare(run, rows, first, name))]
    return Ranking(
        rows=rows,
        first=first,
        level=[(name, ratio) for name, ratio in ratios if not ratio.faster],
        behind=[(name, ratio) for name, ratio in ratios if ratio.faster],
        reversals=_reversals(run, rows, first, others),
    )


def _score(rows: Sequence[Row], name: str) -> float:
    return geometric_mean(reading.median for row in rows if (reading := row.of(name)))


def _reversals(run: Run, rows: Sequence[Row], first: str, others: Sequence[str]) -> list[Reversal]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(f"with {clients(row.clients)}", []).append(row)
    for row in rows:
        parts.setdefault(f"in {row.case.name}", []).append(row)
    found = []
    for where, part in parts.items():
        ratios = [(name, ratio) for name in others if (ratio := compare(run, part, name, first))]
        ahead = [Reversal(where, name, ratio) for name, ratio in ratios if ratio.faster and len(ratio.values) > 1]
        if ahead:
            found.append(max(ahead, key=lambda reversal: reversal.ratio.median))
    return found
