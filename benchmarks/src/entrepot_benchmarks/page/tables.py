"""Tables of all values, including those that are not in charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrepot_benchmarks.page.choice import Choice
from entrepot_benchmarks.page.numbers import amount, duration, listing, rate, size, spread
from entrepot_benchmarks.page.ratio import compare
from entrepot_benchmarks.page.rows import Reading, Row, ordered_targets
from entrepot_benchmarks.page.stacked import counted
from entrepot_benchmarks.results.model import Run, Series

__all__ = ["Table", "choices_table", "costs_table", "estimates_table", "series_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, grouped by title (which may be empty); the columns in ``numbers`` are aligned to the right."""

    caption: str
    headers: Sequence[str]
    groups: Mapping[str, Sequence[Sequence[str]]]
    numbers: frozenset[int]


def choices_table(run: Run, choices: Sequence[Choice]) -> Table:
    """Return a table of how many times as fast the first choice for each kind of use is as the other targets."""
    columns = {target: [_ratio(run, choice, target.name) for choice in choices] for target in ordered_targets(run)}
    columns = {target: cells for target, cells in columns.items() if any(cells)}
    rows = [
        [choice.topic.name, listing(choice.names, "or"), *(cells[place] for cells in columns.values())]
        for place, choice in enumerate(choices)
    ]
    names = [f"{target.name} (not durable)" if target.durable is False else target.name for target in columns]
    headers = ["use", "choice", *(f"to {name}" for name in names)]
    numbers = frozenset(range(2, len(headers)))
    return Table("How many times as fast the choice is as other targets", headers, {"": rows}, numbers)


def series_table(run: Run, rows: Sequence[Row]) -> Table:
    """Return a table of all series, grouped by case, including those that failed before completing a spell."""
    known = {(row.case.name, row.clients, one.target.name): (row, one) for row in rows for one in row.readings}
    units = {case.name: case.unit for case in run.cases}
    names = dict.fromkeys([*(row.case.name for row in rows), *(series.case for series in run.series)])
    groups: dict[str, list[tuple[int, list[str]]]] = {f"{name}, {units.get(name, '')}": [] for name in names}
    for key, (row, reading) in known.items():
        line = [*_place(reading.series), *_numbers(reading), _note(run, reading.series)]
        groups[f"{key[0]}, {row.case.unit}"].append((row.clients, line))
    for series in run.series:
        if (series.case, series.clients, series.target) not in known:
            line = [*_place(series), *[""] * 8, _note(run, series)]
            groups[f"{series.case}, {units.get(series.case, '')}"].append((series.clients, line))
    headers = ["target", "clients", "median", "range", "p50", "p90", "p99"]
    headers += ["generator cores", "server cores", "peak memory", "failure"]
    ordered = {title: [line for _, line in sorted(own, key=lambda one: one[0])] for title, own in groups.items()}
    return Table("All series", headers, ordered, numbers=frozenset(range(1, 10)))


def costs_table(run: Run) -> Table:
    """Return a table of the requests or calls of each operation, by kind."""
    rows = []
    for cost in run.costs:
        kinds, what = counted(cost)
        parts = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        sent = size(cost.bytes_out) if cost.bytes_out else ""
        rows.append([cost.operation, cost.target, what, str(sum(kinds.values())), parts, sent])
    headers = ["operation", "target", "counted", "number", "by kind", "bytes from the backend"]
    return Table("Requests and calls per operation", headers, {"": rows}, numbers=frozenset({3, 5}))


def estimates_table(run: Run) -> Table:
    """Return a table of the estimated cost of a million operations, with the source of the prices."""
    rows = [
        [one.operation, one.target, amount(one.amount, table.currency), table.name, table.date, table.source]
        for one in run.estimates
        for table in (one.table,)
    ]
    headers = ["operation", "target", "cost per million", "price table", "date", "source"]
    return Table("Estimates based on a price table", headers, {"": rows}, numbers=frozenset({2}))


def _ratio(run: Run, choice: Choice, name: str) -> str:
    ratio = compare(run, choice.topic.rows, choice.names[0], name) if name != choice.names[0] else None
    return "" if ratio is None else f"{rate(ratio.median)} ({ratio.between})"


def _place(series: Series) -> list[str]:
    return [series.target, str(series.clients)]


def _numbers(reading: Reading) -> list[str]:
    times = [reading.latency(part) for part in (0.5, 0.9, 0.99)]
    cores, peak = reading.server_cores, reading.peak_memory
    return [
        rate(reading.median),
        spread(reading.low, reading.high) if len(reading.values) > 1 else "",
        *("" if time is None else duration(time) for time in times),
        rate(reading.series.generator_cores),
        "" if cores is None else rate(cores),
        "" if peak is None else size(peak),
    ]


def _note(run: Run, series: Series) -> str:
    done, reason = len(series.spells), series.failed
    if done >= run.rounds:
        return reason or ""
    return f"{done} of {run.rounds} rounds{f': {reason}' if reason else ''}"
