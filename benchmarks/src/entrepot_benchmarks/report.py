"""The result as a Markdown table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from entrepot_benchmarks.rounds import Comparison

__all__ = ["Report"]

HEADER = (
    "| what | unit | {subject} | peer | its value | ratio | spread | aim | generator |",
    "| --- | --- | ---: | --- | ---: | ---: | --- | --- | --- |",
)


@dataclass(frozen=True, slots=True)
class Report:
    """Comparisons, the machine they were made on, how, and how long it took in seconds."""

    comparisons: Sequence[Comparison]
    machine: Mapping[str, str]
    method: Sequence[str]
    seconds: float

    def markdown(self) -> str:
        """The table, what to know about it, and the machine."""
        subject = self.comparisons[0].subject
        lines = [line.format(subject=subject) for line in HEADER]
        lines += [_line(comparison) for comparison in self.comparisons]
        lines += ["", *(f"- {sentence}" for sentence in self.method), f"- The run took {self.seconds:.0f} s."]
        lines += ["", *(f"- {name}: {text}" for name, text in self.machine.items())]
        return "\n".join(lines) + "\n"

    def json(self) -> dict[str, object]:
        """Everything, with the values of every round."""
        return {
            "machine": dict(self.machine),
            "method": list(self.method),
            "seconds": self.seconds,
            "rows": [_entry(comparison) for comparison in self.comparisons],
        }


def _line(row: Comparison) -> str:
    met = {True: " reached", False: " **short**", None: ""}[row.met]
    cells = [
        row.title,
        row.unit,
        _number(median(row.subject_values)),
        row.peer,
        _number(median(row.peer_values)),
        f"**{row.ratio:.2f}**",
        f"{min(row.ratios):.2f} to {max(row.ratios):.2f}",
        f"{row.aim}{met}" if row.aim is not None else "",
        f"{median(row.subject_generator):.0%} / {median(row.peer_generator):.0%}",
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _entry(row: Comparison) -> dict[str, object]:
    return {
        "title": row.title,
        "unit": row.unit,
        "subject": row.subject,
        "peer": row.peer,
        "subject_values": row.subject_values,
        "peer_values": row.peer_values,
        "subject_generator_cores": row.subject_generator,
        "peer_generator_cores": row.peer_generator,
        "ratio": {"median": row.ratio, "min": min(row.ratios), "max": max(row.ratios)},
        "aim": None if row.aim is None else {"kind": row.aim.kind, "bound": row.aim.bound, "reached": row.met},
    }
