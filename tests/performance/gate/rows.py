"""The compared rows: entrepot's results as ratios to a peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from entrepot_benchmarks.results.model import OperationCost, Run, Series, Spell

__all__ = ["Ratios", "calls_of", "ratios_of"]

Ratios = dict[str, list[float]]
"""The ratio of every round by row name; higher is better."""

Kind = Literal["work", "rate"]


@dataclass(frozen=True, slots=True)
class _Pair:
    ours: Series
    theirs: Series

    def spells(self) -> list[tuple[Spell, Spell]]:
        return list(zip(self.ours.spells, self.theirs.spells, strict=False))


def ratios_of(run: Run, subjects: Sequence[str], peer: str, *, rates: bool) -> Ratios:
    """Return the work ratio of each case of each subject, and with ``rates`` the rate ratio too.

    Work is the number of operations per second of the server's CPU time, which is less sensitive to other programs than
    the rate.
    """
    rows: Ratios = {}
    for ours in run.series:
        theirs = run.find(ours.case, ours.clients, peer)
        if ours.target not in subjects or theirs is None:
            continue
        pair, name = _Pair(ours, theirs), f"{ours.target}: {ours.case}, {ours.clients} clients"
        work = [_work(one) / _work(other) for one, other in pair.spells() if _work(one) and _work(other)]
        if work:
            rows[f"{name}: work"] = work
        if rates:
            rows[f"{name}: rate"] = list(run.ratios(ours, theirs))
    return rows


def calls_of(costs: Sequence[OperationCost]) -> Mapping[str, int]:
    """Return the number of driver calls by operation, which is the same on every machine."""
    return {f"{cost.target}: {cost.operation}: driver calls": sum(cost.calls.values()) for cost in costs}


def _work(spell: Spell) -> float:
    return spell.operations / spell.server_cpu if spell.server_cpu else 0.0
