"""The report as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from entrepot_contract.testing.kits import KITS
from entrepot_contract.testing.results import PluginReport, Report, Row

__all__ = ["as_html", "as_markdown"]

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { border-top: 1px solid #ddd; padding: .3em .6em;
text-align: left; vertical-align: top } code { font-size: .9em } .pass { color: #176b2c } .fail { color: #b00020;
font-weight: bold } .known-failure, .not-run { color: #9a5b00 } .pending, .not-claimed { color: #666 }
"""

NO_FAILURES: Final = (
    "failures of the backend were not shown: the suite provides neither `endpoint` nor `unreachable`, so it is not "
    "known what the driver does when its backend fails"
)


def as_markdown(report: Report) -> str:
    """Return the report as Markdown."""
    lines: list[str] = []
    for heading, plugins in _sections(report):
        lines += [f"# {heading}", ""]
        for plugin in plugins:
            lines += [f"## {_title(plugin)}", "", *(f"- {fact}" for fact in _facts(plugin)), ""]
            lines += ["| verb | sentence | status |", "| --- | --- | --- |"]
            lines += [
                f"| {row['verb']} | {_cell(row['sentence'])} | {_cell(_status(plugin, row))} |"
                for row in plugin["sentences"]
            ]
            lines += ["", "Not proven by the kit, or only partly:", ""]
            lines += [f"- {gap['verb']}: {gap['sentence']} ({gap['reason']})" for gap in plugin["not_proven"]]
            lines += [""]
    return "\n".join(lines)


def as_html(report: Report) -> str:
    """Return the report as a self-contained HTML page."""
    sections = list(_sections(report))
    title = escape(sections[0][0])
    lines = ["<!doctype html>", f'<html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>']
    for heading, plugins in sections:
        lines += [f"<h1>{escape(heading)}</h1>"]
        for plugin in plugins:
            lines += [f"<h2>{escape(_title(plugin))}</h2>", *_list(_facts(plugin))]
            lines += ["<table><tr><th>verb<th>sentence<th>status"]
            for row in plugin["sentences"]:
                cells = f"<td><code>{escape(row['verb'])}</code><td>{escape(row['sentence'])}"
                lines += [f'<tr>{cells}<td class="{row["status"]}">{escape(_status(plugin, row))}']
            lines += ["</table><p>Not proven by the kit, or only partly:"]
            lines += _list(f"{gap['verb']}: {gap['sentence']} ({gap['reason']})" for gap in plugin["not_proven"])
    return "\n".join(lines) + "\n"


def _sections(report: Report) -> Iterator[tuple[str, list[PluginReport]]]:
    """Yield the heading and the plugins of each kit; a run without plugins gets the heading of storage."""
    others = {
        "auth": report.get("authenticators", []),
        "notify": report.get("sinks", []),
        "server": report.get("servers", []),
    }
    if report["drivers"] or not any(others.values()):
        yield _heading("storage", report), report["drivers"]
    for kind, plugins in others.items():
        if plugins:
            yield _heading(kind, report), plugins


def _heading(kind: str, report: Report) -> str:
    kit = KITS[kind]
    return f"{kit.title} {report['kit'][kit.versioned]}, kit {report['kit']['version']}"


def _title(plugin: PluginReport) -> str:
    package = f" ({plugin['package']} {plugin['version']})" if plugin["package"] else ""
    return f"{plugin['driver']}{package}"


def _facts(plugin: PluginReport) -> list[str]:
    claims = ", ".join(f"{name} = {value}" for name, value in plugin["capabilities"].items())
    counts = ", ".join(f"{count} {status}" for status, count in plugin["summary"].items())
    facts = [f"written for contract {plugin['contract']}, as {plugin['test_class']}", f"claims: {claims}", counts]
    return facts if plugin["capabilities"].get("unreachable", True) else [*facts, NO_FAILURES]


def _status(plugin: PluginReport, row: Row) -> str:
    if row["status"] == "pass":
        gaps = {(gap["verb"], gap["sentence"]) for gap in plugin["not_proven"]}
        return "pass, partly proven" if (row["verb"], row["sentence"]) in gaps else "pass"
    tests = [test for test in row["tests"] if test["status"] == row["status"]]
    if row["status"] in {"fail", "known-failure"}:
        return f"{row['status']}: " + "; ".join(f"{test['test']}: {test['reason']}" for test in tests)
    return "; ".join(sorted({test["reason"] or test["status"] for test in tests}))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _list(items: Iterable[str]) -> list[str]:
    return ["<ul>", *(f"<li>{escape(item)}" for item in items), "</ul>"]
