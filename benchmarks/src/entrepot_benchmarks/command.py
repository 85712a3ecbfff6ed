"""Registration of the command ``entrepot bench``."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot_contract.hookspecs import Command, hookimpl

__all__ = ["entrepot_commands"]


@hookimpl
def entrepot_commands() -> Sequence[Command]:
    """Add ``entrepot bench``."""
    return [Command("bench", "Benchmark storage backends.", _bench)]


def _bench(arguments: Sequence[str]) -> int:
    from entrepot_benchmarks.cli.bench import bench  # slow import, only needed by this command

    try:
        bench.main(args=list(arguments), prog_name="entrepot bench")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
