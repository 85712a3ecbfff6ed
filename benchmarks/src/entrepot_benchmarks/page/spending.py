"""Charts of memory, requests and cost."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot_benchmarks.page.bars import Bar, bars
from entrepot_benchmarks.page.drawing import Canvas, Chart
from entrepot_benchmarks.page.numbers import amount, size
from entrepot_benchmarks.page.panels import Styles
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.stacked import colours_of, stacked
from entrepot_benchmarks.page.topics import GROUPS
from entrepot_benchmarks.results.model import Estimate, OperationCost, Run

__all__ = ["costs", "memory", "prices"]


def memory(canvas: Canvas, rows: Sequence[Row], styles: Styles) -> list[Chart]:
    """Return charts of the maximum memory over all cases of a group, in MiB."""
    charts = []
    for group, (title, _) in GROUPS.items():
        peaks: dict[str, int] = {}
        for reading in (reading for row in rows if row.case.group == group for reading in row.readings):
            if reading.peak_memory is not None:
                peaks[reading.target.name] = max(peaks.get(reading.target.name, 0), reading.peak_memory)
        names = [name for name in styles if name in peaks]
        found = [Bar(name, value := peaks[name] / 2**20, value, value, size(peaks[name])) for name in names]
        if found:
            parts = "; ".join(f"{bar.name} {bar.label}" for bar in found)
            charts.append(Chart(bars(canvas, found, styles, f"Peak memory, {title}: {parts}."), title))
    return charts


def costs(canvas: Canvas, run: Run) -> tuple[list[Chart], list[tuple[str, str]]]:
    """Return a chart for each operation, and the kinds with their colour variables for a legend."""
    operations: dict[str, list[OperationCost]] = {}
    for cost in run.costs:
        operations.setdefault(cost.operation, []).append(cost)
    colours = colours_of(run.costs)
    return [stacked(canvas, name, own, colours) for name, own in operations.items()], list(colours.items())


def prices(canvas: Canvas, run: Run, styles: Styles) -> list[Chart]:
    """Return a chart for each operation and currency: the cost of a million operations."""
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for estimate in run.estimates:
        if estimate.target in styles:
            groups.setdefault((estimate.operation, estimate.table.currency), []).append(estimate)
    charts = []
    for (operation, currency), own in groups.items():
        found = [Bar(each.target, each.amount, each.amount, each.amount, amount(each.amount, currency)) for each in own]
        parts = "; ".join(f"{bar.name} {bar.label}" for bar in found)
        words = f"Estimated cost of a million times {operation}: {parts}."
        charts.append(Chart(bars(canvas, found, styles, words), f"a million times {operation}, {currency}"))
    return charts
