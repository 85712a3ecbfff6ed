"""The report is self-contained, escapes its input, and can be rendered from incomplete runs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
from hypothesis import HealthCheck, given, settings

from entrepot_benchmarks.page import render
from entrepot_benchmarks.results.model import Estimate, OperationCost, PriceTable, Run, TargetInfo

from .arbitrary import runs
from .sample import sample_run
from .small import backend, run_of

HOSTILE = "</svg><script>alert(1)</script>\" onload='x' & $x^2$ --> \x00\n"


class Elements(HTMLParser):
    """The elements of a page, and nesting errors."""

    VOID = frozenset({"meta", "link", "br", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    return render(replace(sample_run(), partial="It was interrupted in round 5."))


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def test_there_are_no_scripts_and_no_external_resources(page: str, elements: Elements) -> None:
    assert elements.wrong == []
    assert elements.all("script") == []
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    links = [attributes[name] for _, attributes in elements.found for name in ("src", "href") if name in attributes]
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    assert "http:" not in page
    assert "https:" not in page
    assert re.findall(r"url\((?!#)|@import|@font-face", page) == []
    (policy,) = (one["content"] for one in elements.all("meta") if "http-equiv" in one)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_ids_are_unique_and_every_reference_has_a_target(page: str, elements: Elements) -> None:
    ids = Counter(attributes["id"] for _, attributes in elements.found if "id" in attributes)
    assert [name for name, number in ids.items() if number > 1] == []
    wanted = {attributes["href"][1:] for _, attributes in elements.found if attributes.get("href", "").startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]*)\)", page))
    assert len(wanted) > 50
    assert wanted - set(ids) == set()


def test_charts_only_use_the_colours_of_the_theme(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) > 80
    assert not [chart for chart in charts if re.search(r"#[0-9a-f]{6}|<style", chart)]
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", page))
    assert used >= {"ink", "page", "backend-0", "backend-3", "peer-0", "kind-0"}
    assert not [name for name in used if page.count(f"--{name}:") < 1]


def test_every_chart_has_a_text_alternative(elements: Elements) -> None:
    charts = elements.all("svg")
    labelled = [chart for chart in charts if chart.get("role") == "img"]
    assert all(chart.get("aria-hidden") == "true" for chart in charts if chart not in labelled)
    labels = [chart["aria-label"] for chart in labelled]
    assert all(len(label) > 40 for label in labels)
    assert len(set(labels)) == len(labels)
    beginning = "Throughput of Pull 1MB, 4 clients, in MB/s, median and spread: filesystem "
    assert len([label for label in labels if label.startswith(beginning)]) == 1


def test_every_part_of_a_run_is_in_the_report(page: str) -> None:
    run, text = sample_run(), unescape(page)
    assert "This run is partial" in text
    assert "It was interrupted in round 5." in text
    assert run.command in text
    assert "2026-03-04 15:06 UTC" in text
    for expected in (*run.notes, *run.machine.values(), *(series.failed for series in run.series if series.failed)):
        assert expected in text
    for case in run.cases:
        assert f'<th scope="rowgroup" class="title" colspan="11">{case.name}, {case.unit}</th>' in text
    assert "prices.yml" in text
    assert "2026-02-01" in text
    assert "estimate" in text
    assert "4 put, 4 stat, 3 upload_append, 3 upload_commit" in text


def test_the_same_run_gives_the_same_file(page: str) -> None:
    small = run_of([backend("fs")], {("Pull", 1): {"fs": [1, 2]}, ("Pull", 4): {"fs": [1, 2]}})
    assert render(small) == render(small)


def test_the_matplotlib_configuration_of_the_user_has_no_effect() -> None:
    small = run_of([backend("fs")], {("Pull", 1): {"fs": [1, 2]}})
    before = render(small)
    with mpl.rc_context({"svg.fonttype": "path", "font.size": 30, "axes.facecolor": "#123456"}):
        assert render(small) == before
        assert mpl.rcParams["font.size"] == 30


def test_names_and_sentences_are_escaped() -> None:
    run = run_of([backend(HOSTILE)], {(HOSTILE, 1): {HOSTILE: [1, 2]}, (HOSTILE, 4): {HOSTILE: [1, 2]}})
    run.cases = [replace(case, sentence=HOSTILE) for case in run.cases]
    run.targets = [replace(target, detail=HOSTILE, package=HOSTILE) for target in run.targets]
    table = PriceTable(HOSTILE, HOSTILE, HOSTILE, currency=HOSTILE)
    run.estimates = [Estimate(run.targets[0].name, HOSTILE, 1.0, table)]
    run.costs = [OperationCost(HOSTILE, HOSTILE, {HOSTILE: 1}, None)]
    run.machine, run.notes, run.partial, run.command = {HOSTILE: HOSTILE}, [HOSTILE], HOSTILE, HOSTILE
    run.series[0].failed = HOSTILE
    elements = Elements(render(run))
    assert elements.wrong == []
    assert elements.all("script") == []
    assert not [attributes for _, attributes in elements.found if "onload" in attributes]


def test_an_empty_run_is_reported_as_empty() -> None:
    page = render(Run(datetime(2026, 1, 1, tzinfo=UTC), "entrepot bench", 0, {}, [], []))
    assert "No backend of entrepot was measured" in page
    assert "<h2>Throughput</h2>" not in page
    assert Elements(page).wrong == []


@pytest.mark.parametrize("missing", ["most of it", "machine", "all failed"])
def test_missing_parts_are_omitted(missing: str) -> None:
    run = run_of([backend("fs"), TargetInfo("peer", "peer")], {("Pull", 1): {"fs": [100], "peer": [50]}})
    if missing == "all failed":
        for series in run.series:
            series.failed = "It answered 500."
            series.spells = []
    if missing == "machine":
        run.machine = {}
    page = render(run)
    elements = Elements(page)
    assert elements.wrong == []
    anchors = {attributes["href"] for attributes in elements.all("a")}
    assert anchors == {f"#{attributes['id']}" for attributes in elements.all("section") if "id" in attributes}
    assert ("It answered 500." in page) == (missing == "all failed")
    assert ("#throughput" in anchors) == (missing != "all failed")
    assert not anchors & {"#requests", "#prices", "#memory", "#latency", "#scaling"}
    assert ("#generator" in anchors) == (missing not in ("machine", "all failed"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(run=runs())
def test_any_run_can_be_rendered(run: Run) -> None:
    assert Elements(render(run)).wrong == []


def test_charts_and_a_table_come_before_the_only_paragraph(page: str) -> None:
    section = page[page.index('<section id="choice">') : page.index('<section id="targets">')]
    chart, table, paragraph = (section.index(tag) for tag in ("<svg", "<table>", '<p class="lead">'))
    assert chart < table < paragraph
    assert section.count('<p class="lead">') == 1
    assert "Rates in large pulls, relative to the fastest: filesystem " in section
