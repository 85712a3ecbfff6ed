"""``entrepot bench report``: the report again, from the values that a run has kept."""

from __future__ import annotations

from pathlib import Path

import click

from entrepot_benchmarks.cli.output import write_page
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.document import read_document

__all__ = ["report"]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), default="report.html")
def report(file: Path, html_file: Path) -> None:
    """Write the report of FILE, which an earlier run wrote with --json."""
    try:
        write_page(read_document(file), html_file)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{html_file} has the report.")
