"""The result on the terminal: a table of the medians of every case."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from entrepot_benchmarks.results.model import Run, Series

__all__ = ["show"]

MAX_WIDTH: Final = 1000


def show(run: Run) -> None:
    """Print a table with one column for each target, and the reason if the run is partial."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("case")
    table.add_column("clients", justify="right")
    table.add_column("unit")
    for target in run.targets:
        table.add_column(Text(target.name), justify="right", overflow="fold")
    rows = dict.fromkeys((series.case, series.clients) for series in run.series)
    for case, clients in rows:
        unit = run.case(case).unit
        cells = [_cell(run.find(case, clients, target.name), run) for target in run.targets]
        table.add_row(case, str(clients), unit, *cells)
    if not console.is_terminal:  # no need to truncate columns in a file
        wanted = console.measure(table, options=console.options.update(max_width=MAX_WIDTH)).maximum
        console.width = max(console.width, wanted)
    console.print(table)
    if run.partial:
        console.print(f"partial: {run.partial}", markup=False, soft_wrap=True)


def _cell(series: Series | None, run: Run) -> str:
    if series is None:
        return "-"
    return number(series.values(run.case(series.case).unit))


def number(values: Sequence[float]) -> str:
    """Format the median with three significant digits."""
    value = median(values)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
