"""Charts of throughput by number of clients, with a line for each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from entrepot_benchmarks.page.drawing import Box, Canvas, Chart
from entrepot_benchmarks.page.numbers import rate
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.styles import Style

__all__ = ["scaling"]


def scaling(canvas: Canvas, rows: Sequence[Row], styles: Mapping[str, Style]) -> Chart:
    """Draw the rows of one case, at least two, in ascending order of clients, evenly spaced."""
    axes = canvas.axes(Box(340, 210, left=52, right=14, top=10, bottom=24))
    case = rows[0].case
    names = dict.fromkeys(reading.target.name for row in rows for reading in row.readings)
    parts, most = [], 0.0
    for name in names:
        points = [(place, reading) for place, row in enumerate(rows) if (reading := row.of(name))]
        style, values = styles[name], [reading.median for _, reading in points]
        most = max(most, *(reading.high for _, reading in points))
        axes.errorbar(
            [place for place, _ in points],
            values,
            yerr=(
                [reading.median - reading.low for _, reading in points],
                [reading.high - reading.median for _, reading in points],
            ),
            color=style.ink,
            marker=style.marker,
            markersize=6,
            markerfacecolor=style.face,
            linestyle=style.line,
            linewidth=1.8,
            elinewidth=1,
        )
        parts.append(f"{name} {', '.join(rate(value) for value in values)}")
    axes.set_xticks(range(len(rows)), [str(row.clients) for row in rows])
    axes.set_xlim(-0.25, len(rows) - 0.75)
    axes.set_ylim(0, most * 1.08)
    axes.grid(axis="x", visible=False)
    axes.grid(axis="y", visible=True)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.tick_params(axis="y", labelsize=10, labelcolor=axes.xaxis.get_ticklabels()[0].get_color())
    axes.tick_params(axis="x", labelsize=11)
    counts = ", ".join(str(row.clients) for row in rows)
    words = f"Throughput of {case.name} in {case.unit} with {counts} clients: {'; '.join(parts)}."
    return Chart(canvas.finish(words), f"{case.name}, {case.unit} by clients")
