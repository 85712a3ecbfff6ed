"""``python -m performance.gate``: fail if a ratio falls below four fifths of its baseline."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import click
from performance.comparisons import Comparison
from performance.gate.baseline import Baseline, load_baseline, save_baseline
from performance.gate.judging import TOLERANCE, Verdict, judge_calls, judge_ratios
from performance.gate.measuring import Extent, measure_rows
from performance.gate.protocols import EXPECTED, UPLOADS, measure_protocols
from performance.gate.rows import Ratios, calls_of
from performance.lab import Lab
from rich.console import Console
from rich.table import Table

from entrepot_benchmarks.cli.files import errors_in_one_line
from entrepot_benchmarks.cli.progress import Bar
from entrepot_benchmarks.cost import count_operations
from entrepot_benchmarks.machine import describe
from entrepot_benchmarks.selection import parse_backend
from entrepot_benchmarks.workloads import new_run, standard_workloads

__all__ = ["main"]

PEER: Final = "docker-registry"
SUBJECTS: Final = ("filesystem", "inmemory")
CLIENTS: Final = (4,)
SHORT: Final = Extent(rounds=5, seconds=0.4, again=3, rates=False)
LONG: Final = Extent(rounds=9, seconds=1.0, again=2, rates=True)
BASELINE: Final = Path("tests/performance/baseline.json")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--short", is_flag=True, help="Fewer and shorter rounds, and work only, as in CI.")
@click.option(
    "--record",
    is_flag=True,
    help="Update the baseline of this processor with the minimum of stored and measured ratios.",
)
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), default=BASELINE, show_default=True)
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(), metavar="DIR")
@click.pass_context
def main(ctx: click.Context, short: bool, record: bool, baseline: Path, data: Path) -> None:
    """Compare ratios to docker-registry, and numbers of driver calls, with a stored baseline."""
    with errors_in_one_line(), Bar() as bar:
        stored = Baseline() if record and not baseline.exists() else load_baseline(baseline)
        calls = _calls()
        judged = judge_calls(calls, stored)
        processor = describe(data)["CPU"]
        known = {} if record else stored.of(processor)

        def lost(rows: Ratios) -> Sequence[str]:
            return [verdict.row for verdict in judge_ratios(rows, known) if verdict.lost]

        extent = SHORT if short else LONG
        folder = partial(_folder, data)
        rows: Ratios = {}
        if record or known:
            rows = measure_rows(_compare, folder, new_run(), extent, SUBJECTS, PEER, lost, bar)
        if not record:
            judged += judge_ratios(measure_protocols(folder, new_run(), UPLOADS, bar), EXPECTED)
    if record:
        _record(stored, baseline, processor, rows, calls)
        return
    judged += judge_ratios(rows, known)
    _show(judged)
    if not known:
        click.echo(
            f"The baseline has no ratios for the processor {processor!r}: only driver calls and HTTP/2 were compared. "
            "Run a known good commit with --record, and commit the file."
        )
    gone = [verdict for verdict in judged if verdict.lost]
    for verdict in gone:
        click.echo(f"regression: {verdict.row} is at {verdict.kept:.0%} of its baseline", err=True)
    ctx.exit(int(bool(gone)))


def _compare(folder: Path, run: str, stack: ExitStack) -> Comparison:
    openings = Lab(folder, run, stack).openings(lambda name: name in (*SUBJECTS, PEER), limits=False)
    return Comparison(openings, standard_workloads(run, stack, CLIENTS))


def _folder(data: Path, stack: ExitStack) -> Path:
    made = tempfile.TemporaryDirectory(prefix="entrepot-gate-", dir=data.absolute(), ignore_cleanup_errors=True)
    return Path(stack.enter_context(made))


def _calls() -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name in SUBJECTS:
        with tempfile.TemporaryDirectory() as place:
            backend = parse_backend(name)
            costs = count_operations(name, name, backend.placed(place), blob_sizes=(10_000, 2**20))
            found.update(calls_of(costs))
    return found


def _record(stored: Baseline, file: Path, processor: str, rows: Ratios, calls: Mapping[str, int]) -> None:
    medians = {row: round(median(ratios), 3) for row, ratios in rows.items()}
    before = stored.of(processor)
    known = {**before, **{row: min(ratio, before.get(row, ratio)) for row, ratio in medians.items()}}
    recorded = datetime.now(UTC).date().isoformat()
    save_baseline(Baseline(recorded=recorded, calls=dict(calls), ratios={**stored.ratios, processor: known}), file)
    click.echo(f"{len(medians)} rows for {processor} written to {file}.")


def _show(judged: Sequence[Verdict]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("row")
    for title in ("baseline", "now", "kept", "rounds"):
        table.add_column(title, justify="right")
    for verdict in judged:
        least, most = verdict.spread
        kept = f"{verdict.kept:.0%}{' LOST' if verdict.lost else ''}"
        values = (f"{verdict.baseline:.2f}", f"{verdict.value:.2f}", kept, f"{least:.0%} to {most:.0%}")
        table.add_row(verdict.row, *values)
    Console(highlight=False, width=150).print(table)
    click.echo(f"A regression is a row whose median over all rounds is below {TOLERANCE:.0%} of the baseline.")


if __name__ == "__main__":
    main(prog_name="python -m performance.gate")
