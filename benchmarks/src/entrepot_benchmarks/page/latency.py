"""Charts of latency percentiles on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from entrepot_benchmarks.page.bars import LETTERS, STEP, WIDTH
from entrepot_benchmarks.page.drawing import Box, Canvas, Chart, fit
from entrepot_benchmarks.page.numbers import duration
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.styles import Style
from entrepot_benchmarks.page.theme import ink_of

__all__ = ["latency", "percentiles_of"]

PERCENTILES = (0.5, 0.9, 0.99)
MAX_TICKS = 4


def percentiles_of(row: Row) -> list[tuple[str, tuple[float, float, float]]]:
    """Return p50, p90 and p99 in seconds by target, without targets that have no times or only zero."""
    found = []
    for reading in row.readings:
        p50, p90, p99 = (reading.latency(part) for part in PERCENTILES)
        if p50 and p90 and p99:
            found.append((reading.target.name, (p50, p90, p99)))
    return found


def latency(
    canvas: Canvas, row: Row, styles: Mapping[str, Style], ends: tuple[float, float], caption: str
) -> Chart | None:
    """Draw the percentiles of a row on an axis for the range ``ends``, in seconds. None if there are none."""
    found = percentiles_of(row)
    if not found:
        return None
    axes = canvas.axes(Box(WIDTH, 26 + STEP * len(found), left=112, right=8, top=4, bottom=22))
    axes.set_xscale("log")
    for place, (name, (p50, p90, p99)) in enumerate(found):
        style, at = styles[name], [place]
        axes.plot([p50, p99], at * 2, color=style.ink, linewidth=2.2, solid_capstyle="butt")
        axes.plot([p50], at, "o", color=style.ink, markersize=7)
        axes.plot([p90], at, "|", color=style.ink, markersize=9, markeredgewidth=2)
        axes.plot([p99], at, "o", color=style.ink, markersize=7, markerfacecolor=ink_of("page"), markeredgewidth=1.6)
        for value, side, align in ((p50, -7, "right"), (p99, 7, "left")):
            axes.annotate(
                duration(value),
                (value, place),
                xytext=(side, 0),
                textcoords="offset points",
                ha=align,
                va="center_baseline",
                fontsize=10,
            )
    axes.set_yticks(range(len(found)), [fit(name, LETTERS) for name, _ in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    low, high = _widened(*ends)
    ticks = _ticks(low, high)
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FixedFormatter([_tick(tick) for tick in ticks]))
    axes.tick_params(axis="x", labelsize=10)
    parts = "; ".join(f"{name} {', '.join(duration(value) for value in values)}" for name, values in found)
    return Chart(canvas.finish(f"Latency of {row.case.name}, {caption}, p50, p90 and p99: {parts}."), caption)


def _widened(low: float, high: float) -> tuple[float, float]:
    """Add room for a number on both sides, a quarter of the axis each."""
    room = max((high / low) ** 0.55, 1.5)
    return low / room, high * room


def _ticks(low: float, high: float) -> Sequence[float]:
    """Return a few round times: 1, 2 and 5 times each power of ten, or only the powers if these are enough."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if len(ticks) <= MAX_TICKS:
            return ticks
    return ticks[:: ceil(len(ticks) / MAX_TICKS)]


def _tick(seconds: float) -> str:
    value, _, unit = duration(seconds).partition(" ")
    return f"{float(value.replace(',', '')):,g} {unit}"
