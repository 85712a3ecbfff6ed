"""Rounds: every server is loaded in turn, again and again, and compared within the round.

The machine's speed drifts (neighbours, the state of its memory and disk). Two servers that are loaded one right after
the other meet the same machine, so the ratio is taken in each round, and its median and spread over the rounds tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from entrepot_benchmarks.measure import Aim, Measure, Sample

__all__ = ["Comparison", "run_rounds"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row for one peer; values and generator cores are in the order of the rounds."""

    title: str
    unit: str
    subject: str
    peer: str
    subject_values: list[float]
    peer_values: list[float]
    subject_generator: list[float]
    peer_generator: list[float]
    aim: Aim | None

    @property
    def ratios(self) -> list[float]:
        """Subject to peer, in each round."""
        return [ours / theirs for ours, theirs in zip(self.subject_values, self.peer_values, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        return None if self.aim is None else self.aim.met(self.ratio, median(self.subject_values))


def run_rounds(measures: Sequence[Measure], rounds: int, *, say: Callable[[str], None]) -> list[Comparison]:
    """Run every measure ``rounds`` times, interleaved, and compare; ``say`` gets a line of progress."""
    samples: list[dict[str, list[Sample]]] = [{name: [] for name in measure.runs} for measure in measures]
    for number in range(rounds):
        for measure, kept in zip(measures, samples, strict=True):
            if number >= measure.most_rounds:
                continue
            if number == 0 and measure.warm_up:
                for run in measure.runs.values():
                    run()
            for name, run in measure.runs.items():
                sample = run()
                kept[name].append(sample)
                value, row = sample.values[0], measure.rows[0]
                say(f"round {number + 1} of {rounds}: {row.title}: {name}: {value:,.4g} {row.unit}")
    return [
        comparison for measure, kept in zip(measures, samples, strict=True) for comparison in _compare(measure, kept)
    ]


def _compare(measure: Measure, kept: dict[str, list[Sample]]) -> list[Comparison]:
    subject, *peers = kept
    return [
        Comparison(
            title=row.title,
            unit=row.unit,
            subject=subject,
            peer=peer,
            subject_values=[sample.values[index] for sample in kept[subject]],
            peer_values=[sample.values[index] for sample in kept[peer]],
            subject_generator=[sample.generator for sample in kept[subject]],
            peer_generator=[sample.generator for sample in kept[peer]],
            aim=row.aims.get(peer),
        )
        for index, row in enumerate(measure.rows)
        for peer in peers
    ]
