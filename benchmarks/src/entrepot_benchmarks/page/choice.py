"""Textual recommendations of a backend for each kind of use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot_benchmarks.page.numbers import clients, listing, quantity, rate
from entrepot_benchmarks.page.ranking import Ranking, rank
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.topics import Topic
from entrepot_benchmarks.results.model import Run, TargetInfo

__all__ = ["Choice", "candidates", "choose"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The recommended target for a topic, or several equal ones; ``brief`` is a clause, ``words`` are the reasons."""

    topic: Topic
    names: Sequence[str]
    brief: str
    words: Sequence[str]


def candidates(run: Run) -> list[TargetInfo]:
    """Return the candidates: the durable backends, or all if none is durable."""
    backends = [target for target in run.targets if target.kind == "backend"]
    return [target for target in backends if target.durable is not False] or backends


def choose(run: Run, topics: Sequence[Topic]) -> list[Choice]:
    """Return a choice for every topic in which a candidate was measured."""
    names = [target.name for target in candidates(run)]
    rankings = [(topic, ranking) for topic in topics if (ranking := rank(run, topic, names))]
    return [Choice(topic, ranking.chosen, _brief(ranking), _words(ranking)) for topic, ranking in rankings]


def _brief(ranking: Ranking) -> str:
    clauses = [f"{rate(ratio.median)} times as fast as {name}, {ratio.between}" for name, ratio in ranking.behind[:1]]
    return "; ".join([*clauses, *(f"{reversal.name} leads {reversal.where}" for reversal in ranking.reversals)])


def _words(ranking: Ranking) -> list[str]:
    first = ranking.first
    found = [f"{first} shows {ratio.beside(name)}." for name, ratio in ranking.level]
    if ranking.behind:
        found.append(f"{first} is {listing([ratio.than(name) for name, ratio in ranking.behind])}.")
    found += [f"But {one.where} {one.name} is {one.ratio.than(first)}." for one in ranking.reversals]
    return [*found, f"{_values(ranking)}. Compared over {_basis(ranking.rows)}."]


def _values(ranking: Ranking) -> str:
    row = max(ranking.rows, key=lambda row: row.clients)
    names = [ranking.first, *(name for name, _ in (*ranking.level, *ranking.behind))]
    readings = [(name, reading) for name in names if (reading := row.of(name))]
    parts = [f"{name} {quantity(reading.median, row.case.unit)}" for name, reading in readings]
    return f"{_place(row)}: {listing(parts)}"


def _basis(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(row.case.name for row in rows))
    counts = [str(number) for number in sorted({row.clients for row in rows})]
    plural = "client" if counts == ["1"] else "clients"
    cases = listing(names) if len(names) <= 2 else f"{len(names)} cases"
    return f"{cases} with {listing(counts)} {plural}"


def _place(row: Row) -> str:
    return f"{row.case.name} with {clients(row.clients)}"
