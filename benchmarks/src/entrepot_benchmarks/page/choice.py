"""The recommended backends for each kind of use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot_benchmarks.page.numbers import rate
from entrepot_benchmarks.page.ranking import Ranking, rank
from entrepot_benchmarks.page.topics import Topic
from entrepot_benchmarks.results.model import Run, TargetInfo

__all__ = ["Choice", "candidates", "choose"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The recommended target for a topic, or several equal ones; ``brief`` is the reason, as a clause."""

    topic: Topic
    names: Sequence[str]
    brief: str


def candidates(run: Run) -> list[TargetInfo]:
    """Return the candidates: the durable backends, or all if none is durable."""
    backends = [target for target in run.targets if target.kind == "backend"]
    return [target for target in backends if target.durable is not False] or backends


def choose(run: Run, topics: Sequence[Topic]) -> list[Choice]:
    """Return a choice for every topic in which a candidate was measured."""
    names = [target.name for target in candidates(run)]
    rankings = [(topic, ranking) for topic in topics if (ranking := rank(run, topic, names))]
    return [Choice(topic, ranking.chosen, _brief(ranking)) for topic, ranking in rankings]


def _brief(ranking: Ranking) -> str:
    clauses = [f"{rate(ratio.median)} times as fast as {name}, {ratio.between}" for name, ratio in ranking.behind[:1]]
    return "; ".join([*clauses, *(f"{reversal.name} leads {reversal.where}" for reversal in ranking.reversals)])
