"""The performance targets of the design relative to other registries, evaluated on a run.

``python -m performance.aims bench.json`` prints them as a Markdown table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import click

from entrepot_benchmarks.cli.files import errors_in_one_line
from entrepot_benchmarks.cli.summary import number
from entrepot_benchmarks.results.document import read_document
from entrepot_benchmarks.results.model import Run
from entrepot_benchmarks.workloads.standard import BARE_PULL, BARE_PUSH

__all__ = ["AIMS", "Aim", "main", "table"]

FILES: Final = "filesystem"
PEER: Final = "docker-registry"
S3: Final = "s3"
S3_PEER: Final = "docker-registry (s3)"


@dataclass(frozen=True, slots=True)
class Aim:
    """A performance target: at least ``ratio`` times the peer's rate; no requirement if ``ratio`` is None."""

    case: str
    clients: int
    subject: str
    peer: str
    ratio: float | None


AIMS: Final = (
    Aim(BARE_PUSH, 1, FILES, PEER, 3),
    Aim(BARE_PUSH, 1, FILES, "bare loop, cached writes", 0.75),
    Aim(BARE_PUSH, 1, FILES, "bare loop, direct writes", None),
    Aim(BARE_PUSH, 4, FILES, PEER, 3),
    Aim(BARE_PULL, 1, FILES, PEER, 1.1),
    Aim(BARE_PULL, 1, FILES, "nginx", 0.9),
    Aim("Get Manifest", 16, FILES, PEER, 10),
    Aim("Get Small Blob", 16, FILES, PEER, 15),
    Aim("Get Tags", 16, FILES, PEER, 6),
    Aim("Push Small Images", 4, FILES, PEER, 2),
    Aim("Push Chunk Streamed 100MB", 1, S3, S3_PEER, 1.5),
    Aim("Pull 100MB", 1, S3, S3_PEER, 1.2),
    Aim("Push Small Images", 4, S3, S3_PEER, 1.5),
)
MAX_MEMORY: Final = 200e6
HEAD: Final = (
    "| case | clients | unit | of | value | peer | its value | ratio | spread | aim |",
    "| --- | ---: | --- | --- | ---: | --- | ---: | ---: | --- | --- |",
)


def table(run: Run) -> str:
    """Return the targets whose values are in the run, as a Markdown table."""
    return "\n".join([*HEAD, *_rows(run), *_memory(run)]) + "\n"


def _rows(run: Run) -> Iterator[str]:
    for aim in AIMS:
        ours = run.find(aim.case, aim.clients, aim.subject)
        theirs = run.find(aim.case, aim.clients, aim.peer)
        if ours is None or theirs is None:
            continue
        unit, ratios = run.case(aim.case).unit, run.ratios(ours, theirs)
        required = "" if aim.ratio is None else f"≥ {aim.ratio:g} {_met(median(ratios) >= aim.ratio)}"
        values = number(ours.values(unit)), aim.peer, number(theirs.values(unit)), f"**{median(ratios):.2f}**"
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        yield _line(aim.case, str(aim.clients), unit, aim.subject, *values, spread, required)


def _memory(run: Run) -> Iterator[str]:
    ours, theirs = run.find(BARE_PUSH, 16, FILES), run.find(BARE_PUSH, 16, PEER)
    if ours is None or theirs is None:
        return
    held = [spell.peak_memory for spell in ours.spells if spell.peak_memory is not None]
    beside = [spell.peak_memory for spell in theirs.spells if spell.peak_memory is not None]
    if held and beside:
        ratio = median(one / other for one, other in zip(held, beside, strict=False))
        values = f"{median(held) / 1e6:.0f}", PEER, f"{median(beside) / 1e6:.0f}", f"**{ratio:.2f}**", ""
        met = _met(median(held) <= MAX_MEMORY)
        yield _line(f"peak memory, {BARE_PUSH}", "16", "MB", FILES, *values, f"value ≤ {MAX_MEMORY / 1e6:.0f} {met}")


def _met(met: bool) -> str:
    return "reached" if met else "**short**"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
def main(files: Sequence[Path]) -> None:
    """Print the table for each FILE, the JSON output of a run."""
    with errors_in_one_line():
        for file in files:
            click.echo(table(read_document(file)), nl=False)


if __name__ == "__main__":
    main(prog_name="python -m performance.aims")
