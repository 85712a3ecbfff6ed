"""Kinds of use of a registry, for which the report recommends backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.results.model import Group

__all__ = ["GROUPS", "Topic", "largest", "topics_of"]

GROUPS: dict[Group, tuple[str, str]] = {
    "push": ("Pushes", "large pushes"),
    "pull": ("Pulls", "large pulls"),
    "small": ("Small requests", "small requests"),
    "images": ("Small images", "small images"),
    "mixed": ("Mixed loads", "mixed loads"),
}
"""The title of each group of cases, and its name in recommendations."""

BY_SIZE: tuple[Group, ...] = ("push", "pull")


@dataclass(frozen=True, slots=True)
class Topic:
    """The rows for one kind of use, at least one."""

    name: str
    rows: Sequence[Row]

    @property
    def cases(self) -> list[str]:
        """The names of its cases, each once."""
        return list(dict.fromkeys(row.case.name for row in self.rows))


def topics_of(rows: Sequence[Row]) -> list[Topic]:
    """Return a topic for each measured group; for pushes and pulls, with their largest cases."""
    found = []
    for group, (_, name) in GROUPS.items():
        own = [row for row in rows if row.case.group == group]
        if own:
            found.append(Topic(name, largest(own) if group in BY_SIZE else own))
    return found


def largest(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the cases with the largest operations, including cases of about the same size."""
    sizes: dict[str, float] = {}
    for row in rows:
        sizes[row.case.name] = max(sizes.get(row.case.name, 0.0), row.bytes_per_operation)
    most = max(sizes.values(), default=0.0)
    return [row for row in rows if sizes[row.case.name] >= 0.8 * most]
