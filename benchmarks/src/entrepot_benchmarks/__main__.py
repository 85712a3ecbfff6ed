"""``python -m entrepot_benchmarks``: entrepot beside its peers, in one run."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from entrepot_benchmarks import authenticated, notified
from entrepot_benchmarks.aims import AIMS
from entrepot_benchmarks.backends import BACKENDS
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.machine import describe
from entrepot_benchmarks.report import Report
from entrepot_benchmarks.rounds import run_rounds
from entrepot_benchmarks.servers import start
from entrepot_benchmarks.sizes import FULL, QUICK, Sizes
from entrepot_benchmarks.suite import METHOD, measures_of

__all__ = ["main"]

AUTH = "auth"
NOTIFICATIONS = "notifications"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite, print the table, and answer the exit status."""
    options = _parser().parse_args(arguments)
    sizes = QUICK if options.quick else FULL
    sizes = replace(sizes, large=options.size or sizes.large, rounds=options.rounds or sizes.rounds)
    try:
        report = run(sizes, options.data, options.backend, self_test=options.self_test)
    except BenchmarkError as error:
        sys.stderr.write(f"entrepot_benchmarks: {error}\n")
        return 1
    sys.stdout.write(report.markdown())
    if options.json is not None:
        options.json.write_text(json.dumps(report.json(), indent=2) + "\n")
    return 0


def run(sizes: Sizes, parent: Path, backend: str, *, self_test: bool) -> Report:
    """Run the suite in a new directory below ``parent``, which is removed in the end.

    Raises BenchmarkError where a program is missing or any answer was not the expected one.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="entrepot-bench-", dir=parent)))
        machine = describe(data)
        if backend == AUTH:
            method: Sequence[str] = authenticated.METHOD
            measures = authenticated.authenticated_rates(data, sizes, stack, self_test=self_test)
        elif backend == NOTIFICATIONS:
            method = notified.METHOD
            measures = notified.notified_rates(data, sizes, stack, self_test=self_test)
        else:
            method = METHOD[backend]
            servers = start(data, sizes.large * 2**20, stack, backend=backend, self_test=self_test)
            measures = measures_of(servers, sizes, None if self_test else AIMS[backend])
        comparisons = run_rounds(measures, sizes.rounds, say=lambda line: print(line, file=sys.stderr))  # noqa: T201
    return Report(comparisons, machine, method, time.monotonic() - began)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m entrepot_benchmarks", description=__doc__)
    add = parser.add_argument
    where = (
        f"where both registries keep their data; {AUTH} and {NOTIFICATIONS}: entrepot with users, or with a webhook, "
        "beside entrepot without"
    )
    add("--backend", choices=sorted([*BACKENDS, AUTH, NOTIFICATIONS]), default="filesystem", help=where)
    add("--quick", action="store_true", help="smaller blobs and fewer rounds: less than a minute")
    add("--size", type=int, metavar="MIB", help="the size of the large blobs")
    add("--rounds", type=int, metavar="N", help="how often everything is measured")
    add("--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="where all servers keep their data")  # noqa: S108 - a directory of our own is made in it
    add("--json", type=Path, metavar="FILE", help="write all values of every round there")
    add("--self", dest="self_test", action="store_true", help="the peer on both sides: ratios should be 1")
    return parser


if __name__ == "__main__":
    sys.exit(main())
