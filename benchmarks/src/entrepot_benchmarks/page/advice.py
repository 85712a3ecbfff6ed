"""The paragraph of the report: which backend to choose for which use, and the limitations of the run."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot_benchmarks.page.cautions import cautions_of
from entrepot_benchmarks.page.choice import Choice, candidates
from entrepot_benchmarks.page.numbers import listing
from entrepot_benchmarks.page.ratio import compare
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.results.model import Run, TargetInfo

__all__ = ["advise"]


def advise(run: Run, rows: Sequence[Row], choices: Sequence[Choice]) -> list[str]:
    """Return the sentences of the paragraph, based only on the measured values."""
    return [*_recommendations(run, choices), *cautions_of(run, rows)]


def _recommendations(run: Run, choices: Sequence[Choice]) -> list[str]:
    able = candidates(run)
    if not choices:
        return [
            "No backend of entrepot was measured, so there is no recommendation."
            if not able
            else "No measurements are available to choose a backend by."
        ]
    if len(able) == 1:
        return [_alone(run, able[0], choices), *_not_durable(run)]
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
    return [*sentences, "This is based on speed only.", *_not_durable(run)]


def _not_durable(run: Run) -> list[str]:
    backends = [target for target in run.targets if target.kind == "backend"]
    lost = [target.name for target in backends if target.durable is False]
    unknown = [target.name for target in backends if target.durable is None]
    sentences = [f"Not for data that must be kept: {listing(lost)}."] if lost else []
    return [*sentences, *([f"The durability of {listing(unknown)} is unknown."] if unknown else [])]


def _alone(run: Run, only: TargetInfo, choices: Sequence[Choice]) -> str:
    others = [target for target in run.targets if target.kind != "backend"]
    ratios = [
        (ratio.median, f"{choice.topic.name}: {ratio.than(target.name)}")
        for choice in choices
        for target in others
        if (ratio := compare(run, choice.topic.rows, only.name, target.name))
    ]
    if not ratios:
        return f"{only.name} is the only candidate, and nothing else was measured to compare it with."
    parts = [words for _, words in sorted(ratios, reverse=True)]
    best = f"{only.name} is the only candidate. Its best result is in {parts[0]}"
    return f"{best}; its worst in {parts[-1]}." if len(parts) > 1 else f"{best}."
