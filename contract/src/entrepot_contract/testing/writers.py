"""The report as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

from entrepot_contract.testing.sentences import NOT_PROVEN

if TYPE_CHECKING:
    from entrepot_contract.testing.report import DriverReport, Report, Row

__all__ = ["as_html", "as_markdown"]

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { border-top: 1px solid #ddd; padding: .3em .6em;
text-align: left; vertical-align: top } code { font-size: .9em } .pass { color: #176b2c } .fail { color: #b00020;
font-weight: bold } .known-failure, .not-run { color: #9a5b00 } .pending, .not-claimed { color: #666 }
"""


def as_markdown(report: Report) -> str:
    """The report as a page of Markdown."""
    lines = ["# Storage contract {contract}, kit {version}".format(**report["kit"]), ""]
    for driver in report["drivers"]:
        lines += [f"## {_title(driver)}", "", *(f"- {fact}" for fact in _facts(driver)), ""]
        lines += ["| verb | sentence | status |", "| --- | --- | --- |"]
        lines += [
            f"| {row['verb']} | {_cell(row['sentence'])} | {_cell(_status(row))} |" for row in driver["sentences"]
        ]
        lines += ["", "Not proven by the kit, or only in part:", ""]
        lines += [f"- {gap['verb']}: {gap['sentence']} ({gap['reason']})" for gap in driver["not_proven"]]
        lines += [""]
    return "\n".join(lines)


def as_html(report: Report) -> str:
    """The report as one page of HTML that needs nothing else."""
    title = escape("Storage contract {contract}, kit {version}".format(**report["kit"]))
    lines = ["<!doctype html>", f'<html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>']
    lines += [f"<h1>{title}</h1>"]
    for driver in report["drivers"]:
        lines += [f"<h2>{escape(_title(driver))}</h2>", *_list(_facts(driver))]
        lines += ["<table><tr><th>verb<th>sentence<th>status"]
        for row in driver["sentences"]:
            cells = f"<td><code>{escape(row['verb'])}</code><td>{escape(row['sentence'])}"
            lines += [f'<tr>{cells}<td class="{row["status"]}">{escape(_status(row))}']
        lines += ["</table><p>Not proven by the kit, or only in part:"]
        lines += _list(f"{gap['verb']}: {gap['sentence']} ({gap['reason']})" for gap in driver["not_proven"])
    return "\n".join(lines) + "\n"


def _title(driver: DriverReport) -> str:
    package = f" ({driver['package']} {driver['version']})" if driver["package"] else ""
    return f"{driver['driver']}{package}"


def _facts(driver: DriverReport) -> list[str]:
    claims = ", ".join(f"{name} = {value}" for name, value in driver["capabilities"].items())
    counts = ", ".join(f"{count} {status}" for status, count in driver["summary"].items())
    return [f"written for contract {driver['contract']}, as {driver['test_class']}", f"claims: {claims}", counts]


def _status(row: Row) -> str:
    if row["status"] == "pass":
        return "pass, in part" if (row["verb"], row["sentence"]) in NOT_PROVEN else "pass"
    tests = [test for test in row["tests"] if test["status"] == row["status"]]
    if row["status"] in {"fail", "known-failure"}:
        return f"{row['status']}: " + "; ".join(f"{test['test']}: {test['reason']}" for test in tests)
    return "; ".join(sorted({test["reason"] or test["status"] for test in tests}))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _list(items: Iterable[str]) -> list[str]:
    return ["<ul>", *(f"<li>{escape(item)}" for item in items), "</ul>"]
