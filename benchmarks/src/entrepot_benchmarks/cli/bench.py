"""``entrepot bench``: measure storage backends and other registries."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from entrepot_benchmarks.bench import Opening, Plan
from entrepot_benchmarks.cli.choices import Extent, chosen_workloads, with_extent
from entrepot_benchmarks.cli.files import Files, errors_in_one_line, with_files
from entrepot_benchmarks.cli.output import Outputs, measure, status_of
from entrepot_benchmarks.cli.report import report
from entrepot_benchmarks.selection import Backend, chosen_backends
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.targets.peer import PeerAddress, PeerRegistry
from entrepot_benchmarks.workloads import new_run

__all__ = ["bench"]

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--backend",
    "backends",
    multiple=True,
    metavar="[LABEL:]NAME[=CONFIG]",
    help="A storage driver and its options: a YAML or JSON file, or inline YAML in braces. Repeatable. "
    "Default: every installed driver that needs no options.",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="[NAME=]URL",
    help="Another registry to include in the charts. Repeatable.",
)
@click.option("--prices", type=FILE, metavar="FILE", help="Price table to use instead of the example.")
@click.option("--server", default="auto", show_default=True, help="The server plugin that entrepot uses.")
@with_extent
@with_files
@click.pass_context
def bench(
    ctx: click.Context,
    backends: Sequence[str],
    peers: Sequence[str],
    prices: Path | None,
    server: str,
    extent: Extent,
    files: Files,
) -> None:
    """Benchmark storage backends.

    Starts a real host on each backend, loads all of them in turn, and writes a report that compares them. Data is
    pushed to repositories whose names begin with "bench-", and is removed at the end.
    """
    if ctx.invoked_subcommand is not None:
        return
    with errors_in_one_line(), ExitStack() as stack:
        outputs = Outputs.of(files, prices)
        folder = files.folder(stack)
        name = new_run()
        chosen = chosen_backends(backends)
        openings = [Opening(one.label, partial(_host, one, folder, name, server)) for one in chosen]
        openings += [Opening(PeerAddress.of(text).name, partial(PeerRegistry, text)) for text in peers]
        workloads = chosen_workloads(extent, name, stack)
        run = measure(Plan(openings, workloads, extent.rounds, extent.seconds, folder), outputs, chosen)
    ctx.exit(status_of(run))


def _host(backend: Backend, folder: Path, name: str, server: str) -> Target:
    return EntrepotHost(backend, folder / backend.label.replace("/", "_"), name, server=server)


bench.add_command(report)
