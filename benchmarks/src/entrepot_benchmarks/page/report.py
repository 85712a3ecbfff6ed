"""Rendering of the report."""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from entrepot_benchmarks.page import generator, panels, spending
from entrepot_benchmarks.page.advice import advise
from entrepot_benchmarks.page.cautions import nearest_to_ceiling
from entrepot_benchmarks.page.choice import choose
from entrepot_benchmarks.page.drawing import Canvas, drawing
from entrepot_benchmarks.page.legend import legend
from entrepot_benchmarks.page.numbers import clients, count, duration, listing, share
from entrepot_benchmarks.page.rows import Row, rows_of
from entrepot_benchmarks.page.styles import styles_of
from entrepot_benchmarks.page.tables import choices_table, costs_table, estimates_table, series_table
from entrepot_benchmarks.page.theme import variables
from entrepot_benchmarks.page.topics import topics_of
from entrepot_benchmarks.results.model import Run

__all__ = ["render"]

_TEMPLATES = Environment(
    loader=PackageLoader("entrepot_benchmarks.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_CONTENTS = (
    ("choice", "", "Which backend to choose"),
    ("targets", "targets", "What was compared"),
    ("throughput", "throughputs", "Throughput"),
    ("latency", "latencies", "Latency"),
    ("scaling", "growing", "Scaling"),
    ("requests", "costs", "Requests"),
    ("processor", "processor", "CPU time"),
    ("memory", "memory", "Memory"),
    ("prices", "prices", "Cost"),
    ("generator", "generator", "Generator"),
    ("series", "series_table", "All series"),
    ("method", "", "Machine and method"),
)
"""Anchor, content key that must not be empty for the section to exist, and title in the table of contents."""


def render(run: Run) -> str:
    """Render the report as a single HTML file without scripts or external resources. The output is deterministic.

    Sections without measurements are omitted; failures are listed.
    """
    with drawing() as canvas:
        return _TEMPLATES.get_template("report.html.j2").render(_content(run, canvas))


def _content(run: Run, canvas: Canvas) -> dict[str, object]:
    rows, styles = rows_of(run), styles_of(run)
    topics = topics_of(rows)
    choices = choose(run, topics)
    charts, kinds = spending.costs(canvas, run)
    content: dict[str, object] = {
        "run": run,
        "variables": variables(),
        "title": _title(run),
        "started": _moment(run.started),
        "extent": _extent(run, rows),
        "overview": panels.overview(canvas, topics, styles),
        "choices_table": choices_table(run, choices) if choices else None,
        "advice": advise(run, rows, choices),
        "targets": legend(canvas, run, styles),
        "throughputs": panels.throughputs(canvas, rows, styles),
        "latencies": panels.latencies(canvas, rows, styles),
        "lines": legend(canvas, run, styles),
        "growing": panels.growing(canvas, rows, styles),
        "costs": charts,
        "kinds": kinds,
        "costs_table": costs_table(run),
        "processor": panels.processor(canvas, rows, styles),
        "memory": spending.memory(canvas, rows, styles),
        "prices": spending.prices(canvas, run, styles),
        "estimates_table": estimates_table(run),
        "shares": generator.shares(canvas, run, rows),
        "ceiling": generator.ceiling(canvas, run, rows, styles),
        "nearest": _nearest(run, rows),
        "series_table": series_table(run, rows),
    }
    present = {
        **content,
        "prices": run.estimates,
        "series_table": run.series,
        "generator": content["shares"] or content["ceiling"],
    }
    content["contents"] = [(anchor, title) for anchor, key, title in _CONTENTS if not key or present[key]]
    return content


def _title(run: Run) -> str:
    backends = [target.name for target in run.targets if target.kind == "backend"]
    others = [target.name for target in run.targets if target.kind != "backend"]
    if not backends:
        return listing(others) or "A run without targets"
    return f"{listing(backends)} compared to {listing(others)}" if others else listing(backends)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M %Z").strip()


def _extent(run: Run, rows: list[Row]) -> str:
    cases = len({row.case.name for row in rows})
    parts = [count(run.rounds, "round", "rounds"), count(cases, "case", "cases")]
    parts.append(count(len(run.targets), "target", "targets"))
    return f"{listing(parts)}, {duration(run.seconds)}" if run.seconds else listing(parts)


def _nearest(run: Run, rows: list[Row]) -> str:
    near = nearest_to_ceiling(run, rows)
    if near is None:
        return ""
    where = f"{near.row.case.name} with {clients(near.row.clients)}"
    return f"Closest to a ceiling was {near.reading.target.name} in {where}: {share(near.part)} of {near.ceiling}."
