"""``entrepot bench report``: generate the report from the JSON output of a run."""

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
    """Generate the report from FILE, the JSON output of an earlier run."""
    try:
        write_page(read_document(file), html_file)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Report written to {html_file}.")
