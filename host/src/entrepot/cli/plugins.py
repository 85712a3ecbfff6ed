"""``entrepot plugins``: what is installed, and whether it loads."""

from __future__ import annotations

import dataclasses
import json

import click

from entrepot.plugins import Plugin, installed_plugins

__all__ = ["plugins"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def plugins(as_json: bool) -> None:
    """List the installed plugins, and say why one cannot be used."""
    found = installed_plugins()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(plugin) for plugin in found], indent=2))
    else:
        click.echo(_table(found))


def _table(found: list[Plugin]) -> str:
    rows = [("KIND", "NAME", "PACKAGE", "VERSION", "CONTRACT", "STATUS")]
    rows += [(one.kind, one.name, one.package, one.version, one.contract, one.error or "ok") for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
