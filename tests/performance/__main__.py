"""``make bench``: measures every backend available on this machine, and Debian's docker-registry as a peer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import click
from performance.comparisons import COMPARISONS
from performance.lab import Lab

from entrepot_benchmarks.bench import Plan
from entrepot_benchmarks.cli.choices import Extent, chosen_workloads, with_extent
from entrepot_benchmarks.cli.files import Files, errors_in_one_line, with_files
from entrepot_benchmarks.cli.output import Outputs, measure, status_of
from entrepot_benchmarks.workloads import new_run
from entrepot_benchmarks.workloads.standard import BARE_PULL, BARE_PUSH

__all__ = ["main"]

SERVERS: Final = (
    "s3 is Ceph's RADOS Gateway, azure is Azurite, gcs is fake-gcs-server, all on this machine: the values "
    "characterize the drivers and their requests, not a cloud."
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", multiple=True, metavar="NAME", help="Only targets matching 'docker*'. Repeatable.")
@click.option(
    "--compare",
    type=click.Choice(sorted(COMPARISONS)),
    help="Measure the cost of authentication, a webhook or HTTP/2 instead.",
)
@click.option("--prices", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Price table.")
@with_extent
@with_files
@click.pass_context
def main(
    ctx: click.Context, only: Sequence[str], compare: str | None, prices: Path | None, extent: Extent, files: Files
) -> None:
    """Measure all backends that can be started on this machine, docker-registry, and their upper limits."""
    with errors_in_one_line(), ExitStack() as stack:
        outputs = Outputs.of(files, prices)
        folder = files.folder(stack)
        run = new_run()
        if compare is not None:
            comparison = COMPARISONS[compare](folder, run, stack, extent.clients)
            plan = Plan(comparison.openings, comparison.workloads, extent.rounds, extent.seconds, folder)
            ctx.exit(status_of(measure(plan, outputs, ())))
        lab = Lab(folder, run, stack)

        def wanted(name: str) -> bool:
            return not only or any(fnmatchcase(name, pattern) for pattern in only)

        workloads = chosen_workloads(extent, run, stack)
        limits = any(one.cases[0].name in (BARE_PULL, BARE_PUSH) for one in workloads)
        openings = lab.openings(wanted, limits=limits)
        plan = Plan(openings, workloads, extent.rounds, extent.seconds, folder, notes=[SERVERS])
        ctx.exit(status_of(measure(plan, outputs, lab.backends)))


if __name__ == "__main__":
    main(prog_name="python -m performance")
