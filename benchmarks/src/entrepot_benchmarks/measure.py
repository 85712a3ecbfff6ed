"""A measure: one way to load several servers, and the rows of the table that it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Aim", "Measure", "Row", "Sample"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a row should reach: a ratio to the peer of at least, or a value of at most, ``bound``."""

    kind: Literal["ratio", "value"]
    bound: float

    def __str__(self) -> str:
        return f"≥ {self.bound:g}" if self.kind == "ratio" else f"value ≤ {self.bound:g}"

    def met(self, ratio: float, value: float) -> bool:
        """Whether the medians of a run reach it."""
        return ratio >= self.bound if self.kind == "ratio" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """A row's title and unit, and its aims by the peer's name."""

    title: str
    unit: str
    aims: Mapping[str, Aim] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value for each row of the measure, and how many cores the load generator used meanwhile."""

    values: tuple[float, ...]
    generator: float


@dataclass(frozen=True, slots=True)
class Measure:
    """``runs`` by the server's name, the subject first; each is run once in every round, one after the other.

    - ``warm_up``: run each once before the first round, and drop what it said.
    - ``most_rounds``: for what takes long.
    """

    rows: tuple[Row, ...]
    runs: Mapping[str, Callable[[], Sample]]
    warm_up: bool = False
    most_rounds: int = 1_000
