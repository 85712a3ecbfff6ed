"""The rows that are compared: what a run says of entrepot beside a peer, as ratios alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from entrepot_benchmarks.results.model import OperationCost, Run, Series, Spell

__all__ = ["Ratios", "calls_of", "ratios_of"]

Ratios = dict[str, list[float]]
"""By the row's name, the ratio of every round: more is better."""

Kind = Literal["work", "rate"]


@dataclass(frozen=True, slots=True)
class _Pair:
    ours: Series
    theirs: Series

    def spells(self) -> list[tuple[Spell, Spell]]:
        return list(zip(self.ours.spells, self.theirs.spells, strict=False))


def ratios_of(run: Run, subjects: Sequence[str], peer: str, *, rates: bool) -> Ratios:
    """Each case of each subject, by the work that it takes, and with ``rates`` by its rate too.

    Work is what is done in a second of the server's processor time, which other programs disturb less than the rate.
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
    """How many calls of the driver an operation takes, by its name: always the same, on any machine."""
    return {f"{cost.target}: {cost.operation}: driver calls": sum(cost.calls.values()) for cost in costs}


def _work(spell: Spell) -> float:
    return spell.operations / spell.server_cpu if spell.server_cpu else 0.0
