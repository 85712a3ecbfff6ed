"""``entrepot-contract badge``: convert a report of a kit to an endpoint badge of shields.io."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

__all__ = ["badge", "main"]

WORST_FIRST: Final = {"fail": "red", "not-run": "orange", "known-failure": "orange", "pending": "yellow"}
KINDS: Final = {"drivers": "storage", "authenticators": "auth", "sinks": "notify", "servers": "server"}


def badge(report: Mapping[str, object]) -> dict[str, object]:
    """Return the badge of a report with one plugin.

    It is red if any sentence failed, and green only if all were run and passed; known failures are not green. Raises
    ValueError if the report has no plugin, or several.
    """
    found = [(kind, plugin) for listed, kind in KINDS.items() for plugin in _list(report.get(listed))]
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} plugins, and a badge is of one")
    kind, plugin = found[0]
    summary = plugin.get("summary")
    if not isinstance(summary, dict):
        raise ValueError("its plugin has no summary")  # noqa: TRY004 - of a file
    color = next((color for status, color in WORST_FIRST.items() if summary.get(status)), "green" if summary else "red")
    return {
        "schemaVersion": 1,
        "label": f"entrepot {kind} contract {plugin.get('contract')}",
        "message": ", ".join(f"{count} {status}" for status, count in summary.items()) or "nothing was run",
        "color": color,
    }


def _list(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns 2 if the report cannot be used."""
    parser = argparse.ArgumentParser(prog="entrepot-contract badge", description=__doc__)
    parser.add_argument("report", metavar="REPORT", type=Path, help="a report of one plugin, as .json")
    parser.add_argument(
        "out", metavar="OUT", type=Path, nargs="?", default=Path("badge.json"), help="the file to write"
    )
    given = parser.parse_args(arguments)
    try:
        found = json.loads(given.report.read_text(encoding="utf-8"))
        report = found if isinstance(found, dict) else {}
        given.out.write_text(json.dumps(badge(report)) + "\n", encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"entrepot-contract: {error.filename}: {error.strerror}\n")
        return 2
    except ValueError as error:
        sys.stderr.write(f"entrepot-contract: {given.report} cannot be used: {error}\n")
        return 2
    return 0
