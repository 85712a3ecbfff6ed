"""Recommendations for choosing a backend, derived from a run."""

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
    """``lead`` is the first paragraph; ``beside`` contains sentences with titles on other aspects of the choice."""

    lead: Sequence[str]
    choices: Sequence[Choice]
    beside: Sequence[tuple[str, Sequence[str]]]
    cautions: Sequence[str]


def advise(run: Run, rows: Sequence[Row]) -> Advice:
    """Return recommendations based only on the measured values."""
    topics = topics_of(rows)
    choices = choose(run, topics)
    beside = (
        ("Durability", _not_durable(run, topics)),
        ("Several hosts", _shared(run, topics)),
        ("More clients", _clients(run, rows)),
        ("Compared to other registries", _beside(run, choices, "peer")),
        ("Compared to the limits", _beside(run, choices, "limit")),
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
            "No backend of entrepot was measured, so there is no recommendation."
            if not able
            else "No measurements are available to choose a backend by."
        ]
    if len(able) == 1:
        return [_alone(run, able[0], choices)]
    groups: dict[tuple[str, ...], list[Choice]] = {}
    for choice in choices:
        groups.setdefault(tuple(sorted(choice.names)), []).append(choice)
    sentences = []
    for names, alike in groups.items():
        uses = listing(
            [f"{choice.topic.name} ({choice.brief})" if choice.brief else choice.topic.name for choice in alike]
        )
        if len(names) == 1:
            sentences.append(f"Choose {names[0]} for {uses}.")
        else:
            sentences.append(f"Choose {listing(names, 'or')}, which show no significant difference, for {uses}.")
    sentences.append("This is based on speed only; see below for durability, several hosts and cost.")
    lost = _lost(run)
    if lost and lost != [target.name for target in able]:
        sentences.append(f"Not for data that must be kept: {listing(lost)}.")
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
        return f"{only.name} is the only candidate, and nothing else was measured to compare it with."
    parts = [words for _, words in sorted(ratios, reverse=True)]
    best = f"{only.name} is the only candidate. Its best result is in {parts[0]}"
    return f"{best}; its worst in {parts[-1]}." if len(parts) > 1 else f"{best}."


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
        out = ", so it is not a candidate" if kept else ""
        sentences.append(
            f"{name} is not durable: stored data can be lost in a restart or a power failure. It is not for data that "
            f"must be kept{out}.{would}"
        )
    unknown = [target.name for target in run.targets if target.kind == "backend" and target.durable is None]
    if unknown:
        sentences.append(f"The durability of {listing(unknown)} is unknown.")
    return sentences


def _shared(run: Run, topics: Sequence[Topic]) -> list[str]:
    able = candidates(run)
    single = [target.name for target in able if target.shared is False]
    shared = [target.name for target in able if target.shared]
    if not single:
        return []
    serves = "serves only one host" if len(single) == 1 else "serve only one host each"
    found = f"{listing(single)} {serves}: stored data is not visible to other hosts."
    if not shared:
        return [f"{found} None of the backends measured here can be shared by several hosts."]
    first: dict[tuple[str, ...], list[str]] = {}
    for topic in topics:
        if ranking := rank(run, topic, shared):
            first.setdefault(tuple(sorted(ranking.chosen)), []).append(topic.name)
    parts = [f"{listing(names, 'or')} for {listing(uses)}" for names, uses in first.items()]
    where = "If several hosts serve one registry from the same storage"
    return [found, *([f"{where} (for files: a network file system), choose {'; '.join(parts)}."] if parts else [])]


def _clients(run: Run, rows: Sequence[Row]) -> list[str]:
    names = [target.name for target in run.targets if target.kind == "backend"]
    own = [row for row in rows if any(row.of(name) for name in names)]
    grown = sorted(
        ((name, found) for name in names if (found := growth(run, own, name))), key=lambda one: -one[1][2].median
    )
    if not grown:
        return []
    fewest, most, _ = grown[0][1]
    parts = [f"{name} {rate(ratio.median)} times ({ratio.between})" for name, (_, _, ratio) in grown]
    return [f"Throughput with {most} clients relative to {fewest}, over all cases: {listing(parts)}."]


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
                f"The estimated cost of requests for a million times {operation} is lowest on {first.target}: "
                f"{amount(first.amount, currency)}, compared to {listing(rest)}."
            )
    return sentences
