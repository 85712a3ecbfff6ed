"""Processing of a run: count requests, estimate costs, write the files, and print the result."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from entrepot_benchmarks.bench import Plan, run_plan
from entrepot_benchmarks.cli.files import Files
from entrepot_benchmarks.cli.progress import Bar
from entrepot_benchmarks.cli.summary import show
from entrepot_benchmarks.cost import Prices, count_operations, estimate, load_prices
from entrepot_benchmarks.errors import BenchmarkError, in_one_line
from entrepot_benchmarks.results.document import write_document
from entrepot_benchmarks.results.model import Run
from entrepot_benchmarks.runner import GONE, INTERRUPTED, interrupt
from entrepot_benchmarks.selection import Backend

__all__ = ["Outputs", "measure", "status_of", "write_page"]


@dataclass(frozen=True, slots=True)
class Outputs:
    """The output files of a run, and the prices for its cost estimates."""

    files: Files
    prices: Prices

    @classmethod
    def of(cls, files: Files, prices: Path | None) -> Outputs:
        """Check the files and load the prices. Raises BenchmarkError if that fails, before anything is measured."""
        for file in (files.json, files.html):
            folder = file.absolute().parent
            if not folder.is_dir():
                raise BenchmarkError(f"{file} cannot be written: folder {folder} does not exist")
            if not os.access(file if file.exists() else folder, os.W_OK):
                raise BenchmarkError(f"{file} cannot be written: {folder} is not writable")
        return cls(files, load_prices(prices))


def measure(plan: Plan, outputs: Outputs, backends: Sequence[Backend]) -> Run:
    """Measure, count, write both files and print the result. The values of a partial run are kept too."""
    files = outputs.files
    with Bar() as bar:
        run = run_plan(plan, bar, lambda run: write_document(run, files.json))
        gone = {series.target for series in run.series if series.failed is not None and GONE in series.failed}
        measured = {target.name for target in run.targets} - gone
        try:
            for backend in backends:
                if backend.label in measured and not _interrupted(run):
                    bar.turn(f"count the requests of {backend.label}")
                    _count(backend, run, bar, plan.data)
        except KeyboardInterrupt:
            interrupt(run, "while requests were counted")
        run.estimates, notes = estimate(run.costs, outputs.prices, {one.name: one.driver for one in run.targets})
        run.notes.extend(notes)
    write_document(run, files.json)
    show(run)
    write_page(run, files.html)
    click.echo(f"\nReport written to {files.html}, values to {files.json}.")
    return run


def status_of(run: Run) -> int:
    """Return the exit status: 0 for a complete run, 130 after Ctrl-C, otherwise 1."""
    if _interrupted(run):
        return 130
    return int(run.partial is not None)


def write_page(run: Run, file: Path) -> None:
    """Write the report atomically.

    Raises BenchmarkError if it cannot be written.
    """
    from entrepot_benchmarks.page import render  # slow import, not needed if the run fails

    page = render(run)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        try:
            temporary.write_text(page, encoding="utf-8")
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise BenchmarkError(f"{file} could not be written ({error.strerror}): choose another file") from error


def _interrupted(run: Run) -> bool:
    return run.partial is not None and run.partial.startswith(INTERRUPTED)


def _count(backend: Backend, run: Run, bar: Bar, data: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=data) as place:
            run.costs += count_operations(backend.label, backend.driver, backend.placed(place))
    except (BenchmarkError, OSError) as error:
        fault = in_one_line(error)
        run.partial = f"{run.partial}; {fault}" if run.partial else fault
        bar.fault(fault)
