"""What a run tells the person who has to choose a backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot_benchmarks.page.cautions import cautions_of
from entrepot_benchmarks.page.choice import Choice, candidates, choose
from entrepot_benchmarks.page.numbers import amount, listing, rate
from entrepot_benchmarks.page.ranking import rank
from entrepot_benchmarks.page.ratio import compare, growth
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.topics import Topic, topics_of
from entrepot_benchmarks.results.model import Estimate, Run, TargetInfo

__all__ = ["Advice", "advise"]


@dataclass(frozen=True, slots=True)
class Advice:
    """The lead is one paragraph; ``beside`` holds titled sentences on all else that bears on a choice."""

    lead: Sequence[str]
    choices: Sequence[Choice]
    beside: Sequence[tuple[str, Sequence[str]]]
    cautions: Sequence[str]


def advise(run: Run, rows: Sequence[Row]) -> Advice:
    """The advice of a run, from what was measured alone."""
    topics = topics_of(rows)
    choices = choose(run, topics)
    beside = (
        ("What keeps no data", _not_durable(run, topics)),
        ("Several hosts", _shared(run, topics)),
        ("More clients", _clients(run, rows)),
        ("Beside other registries", _beside(run, choices, "peer")),
        ("Beside the limits", _beside(run, choices, "limit")),
        ("Cost", _cheapest(run.estimates)),
    )
    return Advice(
        lead=_lead(run, choices),
        choices=choices,
        beside=[(title, sentences) for title, sentences in beside if sentences],
        cautions=cautions_of(run, rows),
    )


def _lead(run: Run, choices: Sequence[Choice]) -> list[str]:
    able = candidates(run)
    if not choices:
        return [
            "No backend of entrepot was measured, so that there is none to choose."
            if not able
            else "Nothing was measured that a backend could be chosen by."
        ]
    if len(able) == 1:
        return [_alone(run, able[0], choices)]
    groups: dict[tuple[str, ...], list[Choice]] = {}
    for choice in choices:
        groups.setdefault(tuple(sorted(choice.names)), []).append(choice)
    sentences = []
    for names, alike in groups.items():
        told = [f"{choice.topic.name} ({choice.brief})" if choice.brief else choice.topic.name for choice in alike]
        uses = listing(told)
        if len(names) == 1:
            sentences.append(f"Choose {names[0]} for {uses}.")
        else:
            sentences.append(f"{listing(names, 'or')}, between which these rounds show no difference, for {uses}.")
    sentences.append("Speed alone decides here: durability, several hosts and cost are below.")
    lost = _lost(run)
    if lost and lost != [target.name for target in able]:
        sentences.append(f"Not for data that has to be kept: {listing(lost)}.")
    return sentences


def _lost(run: Run) -> list[str]:
    return [target.name for target in run.targets if target.kind == "backend" and target.durable is False]


def _alone(run: Run, only: TargetInfo, choices: Sequence[Choice]) -> str:
    others = [target for target in run.targets if target.kind != "backend"]
    ratios = [
        (ratio.median, f"{choice.topic.name}: {ratio.beside(target.name)}")
        for choice in choices
        for target in others
        if (ratio := compare(run, choice.topic.rows, only.name, target.name))
    ]
    if not ratios:
        return f"{only.name} is the only backend that can be chosen here, and nothing was measured beside it."
    told = [words for _, words in sorted(ratios, reverse=True)]
    best = f"{only.name} is the only backend that can be chosen here. It does best at {told[0]}"
    return f"{best}; and least at {told[-1]}." if len(told) > 1 else f"{best}."


def _not_durable(run: Run, topics: Sequence[Topic]) -> list[str]:
    kept = [target.name for target in candidates(run) if target.durable is not False]
    sentences = []
    for name in _lost(run):
        ahead = []
        for topic in topics:
            best = rank(run, topic, kept)
            ratio = compare(run, topic.rows, name, best.first) if best else None
            if best and ratio and ratio.faster:
                ahead.append(f"{topic.name}, {ratio.than(best.first)}")
        would = f" It would be first in {'; '.join(ahead)}." if ahead else ""
        out = ", and is left out of the choice" if kept else ""
        sentences.append(
            f"{name} is not durable: what it took can be gone after a restart or a power cut. It is not for data that "
            f"has to be kept{out}.{would}"
        )
    unknown = [target.name for target in run.targets if target.kind == "backend" and target.durable is None]
    if unknown:
        sentences.append(f"Whether {listing(unknown)} would keep data over a power cut was not noted.")
    return sentences


def _shared(run: Run, topics: Sequence[Topic]) -> list[str]:
    able = candidates(run)
    single = [target.name for target in able if target.shared is False]
    shared = [target.name for target in able if target.shared]
    if not single:
        return []
    verb, one = ("serves", "one host") if len(single) == 1 else ("serve", "one host each")
    found = f"{listing(single)} {verb} {one}: what is stored is not seen by others."
    if not shared:
        return [f"{found} None of the backends measured here can be shared by several hosts."]
    first: dict[tuple[str, ...], list[str]] = {}
    for topic in topics:
        if ranking := rank(run, topic, shared):
            first.setdefault(tuple(sorted(ranking.chosen)), []).append(topic.name)
    told = [f"{listing(names, 'or')} for {listing(uses)}" for names, uses in first.items()]
    where = "Where several hosts serve one registry, and each reaches the same storage"
    return [found, *([f"{where} (for files: a network file system), choose {'; '.join(told)}."] if told else [])]


def _clients(run: Run, rows: Sequence[Row]) -> list[str]:
    names = [target.name for target in run.targets if target.kind == "backend"]
    own = [row for row in rows if any(row.of(name) for name in names)]
    grown = sorted(
        ((name, found) for name in names if (found := growth(run, own, name))), key=lambda one: -one[1][2].median
    )
    if not grown:
        return []
    fewest, most, _ = grown[0][1]
    told = [f"{name} {rate(ratio.median)} times as much ({ratio.between})" for name, (_, _, ratio) in grown]
    return [f"With {most} clients instead of {fewest}, over all cases, these do: {listing(told)}."]


def _beside(run: Run, choices: Sequence[Choice], kind: str) -> list[str]:
    return [
        f"{choice.topic.name.capitalize()}: {choice.names[0]} shows {ratio.beside(target.name)}."
        if ratio.open
        else f"{choice.topic.name.capitalize()}: {choice.names[0]} is {ratio.than(target.name)}."
        for target in run.targets
        for choice in choices
        if target.kind == kind and (ratio := compare(run, choice.topic.rows, choice.names[0], target.name))
    ]


def _cheapest(estimates: Sequence[Estimate]) -> list[str]:
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for estimate in estimates:
        groups.setdefault((estimate.operation, estimate.table.currency), []).append(estimate)
    sentences = []
    for (operation, currency), alike in groups.items():
        first, *others = sorted(alike, key=lambda estimate: estimate.amount)
        rest = [f"{amount(each.amount, currency)} on {each.target}" for each in others]
        if rest:
            sentences.append(
                f"By estimate a million times {operation} costs least on {first.target}: "
                f"{amount(first.amount, currency)} for requests, against {listing(rest)}."
            )
    return sentences
