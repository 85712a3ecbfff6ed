"""The style of each target, the same in every chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot_benchmarks.page.rows import ordered_targets
from entrepot_benchmarks.page.theme import BACKENDS, PEERS, ink_of
from entrepot_benchmarks.results.model import Run

__all__ = ["Style", "limit_style", "styles_of"]

MARKERS = "osD^vPX"
HATCHES = ("////", "....", "xxxx", "\\\\\\\\")


@dataclass(frozen=True, slots=True)
class Style:
    """Backends are filled, peers hatched, limits outlined with dashes, so colours are not required."""

    ink: str
    marker: str
    fill: bool
    hatch: str
    line: str | tuple[float, tuple[float, ...]]

    @property
    def face(self) -> str:
        """The fill colour of a bar or a marker."""
        return self.ink if self.fill else ink_of("page")


def limit_style(marker: str = MARKERS[0]) -> Style:
    """Return the style of limits."""
    return Style(ink_of("muted"), marker, False, "", ":")


def styles_of(run: Run) -> Mapping[str, Style]:
    """Return styles by target name."""
    found: dict[str, Style] = {}
    seen = {"backend": 0, "peer": 0, "limit": 0}
    for target in ordered_targets(run):
        index = seen[target.kind]
        seen[target.kind] += 1
        marker = MARKERS[index % len(MARKERS)]
        if target.kind == "backend":
            found[target.name] = Style(ink_of(BACKENDS[index % len(BACKENDS)].name), marker, True, "", "-")
        elif target.kind == "peer":
            hatch = HATCHES[index % len(HATCHES)]
            found[target.name] = Style(ink_of(PEERS[index % len(PEERS)].name), marker, False, hatch, (0, (5, 2)))
        else:
            found[target.name] = limit_style(marker)
    return found
