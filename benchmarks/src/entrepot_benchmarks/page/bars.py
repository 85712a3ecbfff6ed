"""Horizontal bars, one per target, with a line from the minimum to the maximum of the rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from entrepot_benchmarks.page.drawing import Box, Canvas, Chart, fit
from entrepot_benchmarks.page.numbers import rate, spread
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.styles import Style
from entrepot_benchmarks.page.theme import ink_of

__all__ = ["Bar", "bars", "draw_bar", "throughput"]

WIDTH = 340
LETTERS = 16
STEP = 21
LEFT, RIGHT = 112, 8
LETTER = 6.6
"""Upper bound of the average width of a letter in a label."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value of a target with its minimum and maximum; ``label`` is drawn next to it."""

    name: str
    value: float
    low: float
    high: float
    label: str


def throughput(canvas: Canvas, row: Row, styles: Mapping[str, Style], most: float, caption: str) -> Chart:
    """Draw the rates of a row. The axis depends on ``most``, so that all panels of a case have the same scale."""
    readings = row.readings
    found = [Bar(one.target.name, one.median, one.low, one.high, rate(one.median)) for one in readings]
    parts = "; ".join(
        f"{one.target.name} {rate(one.median)}" + (f" ({spread(one.low, one.high)})" if len(one.values) > 1 else "")
        for one in readings
    )
    limits = [one.target.name for one in readings if one.target.kind == "limit"]
    words = f"Throughput of {row.case.name}, {caption}, in {row.case.unit}, median and spread: {parts}."
    return Chart(bars(canvas, found, styles, words, most=most, limits=limits), caption)


def bars(
    canvas: Canvas,
    found: Sequence[Bar],
    styles: Mapping[str, Style],
    words: str,
    *,
    most: float | None = None,
    limits: Sequence[str] = (),
) -> Markup:
    """Draw bars from top to bottom, at least one; a line extends from limits up across the others."""
    axes = canvas.axes(Box(WIDTH, 26 + STEP * len(found), left=LEFT, right=RIGHT, top=4, bottom=22))
    most = most or max(bar.high for bar in found)
    for place, bar in enumerate(found):
        style = styles[bar.name]
        draw_bar(axes, place, bar.value, style)
        if bar.high > bar.low:
            ends = [bar.low, bar.high]
            axes.plot(ends, [place] * 2, "|-", color=ink_of("ink"), linewidth=1.3, markersize=6, markeredgewidth=1.3)
        axes.annotate(bar.label, (bar.high, place), xytext=(5, 0), textcoords="offset points", va="center_baseline")
        if bar.name in limits:
            axes.plot([bar.value] * 2, [-0.5, place - 0.33], linestyle="--", color=style.ink, linewidth=1, zorder=0.9)
    axes.set_yticks(range(len(found)), [fit(bar.name, LETTERS) for bar in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(0, max(most * 1.25, *(_room(bar) for bar in found)) or 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.tick_params(axis="x", labelsize=10)
    return canvas.finish(words)


def draw_bar(axes: Axes, place: float, value: float, style: Style, height: float = 0.66) -> None:
    """Draw one bar in the style of its target."""
    axes.barh(
        place,
        value,
        height=height,
        facecolor=style.face,
        edgecolor=style.ink,
        hatch=style.hatch,
        linestyle="-" if style.fill or style.hatch else "--",
        linewidth=0 if style.fill else 1.1,
    )


def _room(bar: Bar) -> float:
    """Return the end of the axis that leaves room for the label after the bar."""
    axis = WIDTH - LEFT - RIGHT
    return bar.high * axis / max(axis + RIGHT - 5 - LETTER * len(bar.label), axis / 4)
