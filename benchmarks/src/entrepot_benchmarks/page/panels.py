"""The charts of a report, grouped into parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median

from entrepot_benchmarks.page.bars import Bar, bars, throughput
from entrepot_benchmarks.page.drawing import Canvas, Chart
from entrepot_benchmarks.page.latency import latency, percentiles_of
from entrepot_benchmarks.page.numbers import clients, listing, rate, share
from entrepot_benchmarks.page.rows import Row
from entrepot_benchmarks.page.scaling import scaling
from entrepot_benchmarks.page.styles import Style
from entrepot_benchmarks.page.topics import GROUPS, Topic, largest

__all__ = ["Part", "Styles", "growing", "latencies", "overview", "processor", "throughputs"]

Styles = Mapping[str, Style]


@dataclass(frozen=True, slots=True)
class Part:
    """At least one chart; ``group`` is the title above consecutive parts with the same group."""

    group: str
    title: str
    sentence: str
    charts: Sequence[Chart]


def overview(canvas: Canvas, topics: Sequence[Topic], styles: Styles) -> list[Chart]:
    """Return a chart for each kind of use: the rates relative to the fastest target, over all rows with all targets."""
    charts = []
    for topic in topics:
        most = max(len(row.readings) for row in topic.rows)
        rows = [row for row in topic.rows if len(row.readings) == most]
        names = [reading.target.name for reading in rows[0].readings]
        rows = [row for row in rows if [reading.target.name for reading in row.readings] == names]
        rates = {name: geometric_mean(row.readings[place].median for row in rows) for place, name in enumerate(names)}
        fastest = max(rates.values())
        shares = {name: found / fastest for name, found in rates.items()}
        found = [Bar(name, part, part, part, share(part)) for name, part in shares.items()]
        values = "; ".join(f"{bar.name} {bar.label}" for bar in found)
        words = f"Rates in {topic.name}, relative to the fastest: {values}."
        cases = listing(topic.cases) if len(topic.cases) <= 2 else f"{len(topic.cases)} cases"
        charts.append(Chart(bars(canvas, found, styles, words, most=1.0), f"{topic.name.capitalize()}: {cases}"))
    return charts


def throughputs(canvas: Canvas, rows: Sequence[Row], styles: Styles) -> list[Part]:
    """Return a part for each case, with a panel for each number of clients on the same scale."""
    parts = []
    for own in _by_case(rows):
        most = max(reading.high for row in own for reading in row.readings)
        charts = [throughput(canvas, row, styles, most, clients(row.clients)) for row in own]
        case = own[0].case
        parts.append(Part(GROUPS[case.group][0], case.name, f"{case.sentence} In {case.unit}.".strip(), charts))
    return parts


def latencies(canvas: Canvas, rows: Sequence[Row], styles: Styles) -> list[Part]:
    """Return the same for latencies, without the cases whose operations were not timed individually."""
    parts = []
    for own in _by_case(rows):
        times = [value for row in own for _, values in percentiles_of(row) for value in values]
        if times:
            ends = min(times), max(times)
            charts = [latency(canvas, row, styles, ends, clients(row.clients)) for row in own]
            case = own[0].case
            parts.append(Part(GROUPS[case.group][0], case.name, "", [chart for chart in charts if chart]))
    return parts


def growing(canvas: Canvas, rows: Sequence[Row], styles: Styles) -> list[Chart]:
    """Return a chart for each case that was measured with several numbers of clients."""
    return [scaling(canvas, own, styles) for own in _by_case(rows) if len(own) > 1]


def processor(canvas: Canvas, rows: Sequence[Row], styles: Styles) -> list[Chart]:
    """Return charts of the server's CPU seconds per GiB, for the largest pushes and the largest pulls."""
    charts = []
    for group in ("push", "pull"):
        for row in largest([row for row in rows if row.case.group == group]):
            costs = [(reading.target.name, reading.server_seconds_per_gib) for reading in row.readings]
            found = [
                Bar(name, median(values), min(values), max(values), rate(median(values)))
                for name, values in costs
                if values
            ]
            if found:
                caption = f"{row.case.name}, {clients(row.clients)}"
                values_text = "; ".join(f"{bar.name} {bar.label}" for bar in found)
                words = f"CPU seconds of the server per GiB in {caption}: {values_text}."
                charts.append(Chart(bars(canvas, found, styles, words), caption))
    return charts


def _by_case(rows: Sequence[Row]) -> list[list[Row]]:
    order = list(GROUPS)
    cases: dict[str, list[Row]] = {}
    for row in rows:
        cases.setdefault(row.case.name, []).append(row)
    return sorted(cases.values(), key=lambda own: order.index(own[0].case.group))
