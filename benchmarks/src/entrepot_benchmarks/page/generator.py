"""Charts of the CPU usage of the load generator, and of the limits of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.ticker import MaxNLocator, PercentFormatter

from entrepot_benchmarks.page.bars import draw_bar
from entrepot_benchmarks.page.cautions import MUCH_OF_THE_CORES, cores_of
from entrepot_benchmarks.page.drawing import Box, Canvas, Chart, fit
from entrepot_benchmarks.page.numbers import rate, share
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.styles import Style, limit_style
from entrepot_benchmarks.page.theme import ink_of
from entrepot_benchmarks.results.model import Run

__all__ = ["ceiling", "shares"]


def shares(canvas: Canvas, run: Run, rows: Sequence[Row]) -> Chart | None:
    """Draw the range of its CPU usage over the series of each case. None if the number of cores is unknown."""
    cores = cores_of(run)
    if not cores or not rows:
        return None
    cases: dict[str, list[float]] = {}
    for row in rows:
        taken = [reading.series.generator_cores / cores for reading in row.readings]
        cases.setdefault(row.case.name, []).extend(taken)
    axes = canvas.axes(Box(640, 26 + 19 * len(cases), left=240, right=48, top=4, bottom=22))
    for place, values in enumerate(cases.values()):
        ends = [min(values), max(values)]
        much = ends[1] > MUCH_OF_THE_CORES
        ink = ink_of("alarm" if much else "muted")
        axes.plot(ends, [place] * 2, color=ink, linewidth=5, solid_capstyle="butt")
        axes.plot([median(values)], [place], "|", color=ink_of("ink"), markersize=11, markeredgewidth=2)
        axes.annotate(share(ends[1]), (ends[1], place), xytext=(6, 0), textcoords="offset points", va="center_baseline")
    axes.axvline(MUCH_OF_THE_CORES, color=ink_of("muted"), linewidth=1, linestyle="--", zorder=0.9)
    axes.set_yticks(range(len(cases)), [fit(name, 34) for name in cases])
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.set_xlim(0, max(1.0, *(max(values) for values in cases.values())))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="x", labelsize=10)
    parts = "; ".join(f"{name} {share(min(values))} to {share(max(values))}" for name, values in cases.items())
    words = f"CPU usage of the load generator as a share of {cores} cores, over all series of a case: {parts}."
    return Chart(canvas.finish(words), f"share of {cores} cores: minimum, median and maximum")


def ceiling(canvas: Canvas, run: Run, rows: Sequence[Row], styles: Mapping[str, Style]) -> Chart | None:
    """Draw the ceilings and the fastest pushes and pulls of backends and peers, in MB/s. None without ceilings."""
    found = [
        (name, values, limit_style())
        for name, values in (
            ("sha256, one core", run.ceiling.sha256),
            ("loopback, one connection", run.ceiling.loopback),
        )
        if values
    ]
    if not found:
        return None
    for group in ("push", "pull", "mixed"):
        own = [
            (reading.median, row, reading)
            for row in rows
            for reading in row.readings
            if row.case.group == group and row.case.unit == "MB/s" and reading.target.kind != "limit"
        ]
        if own:
            _, row, reading = max(own, key=lambda each: each[0])
            found.append(
                (
                    f"fastest {group}: {reading.target.name}, {row.clients}",
                    list(reading.values),
                    styles[reading.target.name],
                )
            )
    axes = canvas.axes(Box(640, 26 + 24 * len(found), left=240, right=60, top=4, bottom=22))
    for place, (_, values, style) in enumerate(found):
        draw_bar(axes, place, median(values), style, height=0.6)
        axes.plot([min(values), max(values)], [place] * 2, color=ink_of("ink"), linewidth=1.3)
        axes.annotate(
            rate(median(values)), (max(values), place), xytext=(6, 0), textcoords="offset points", va="center_baseline"
        )
    axes.set_yticks(range(len(found)), [fit(name, 34) for name, _, _ in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(0, 1.02 * max(max(values) for _, values, _ in found))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.tick_params(axis="x", labelsize=10)
    parts = "; ".join(f"{name} {rate(median(values))}" for name, values, _ in found)
    return Chart(canvas.finish(f"Throughput of the machine without a registry, in MB/s: {parts}."), "MB/s")
