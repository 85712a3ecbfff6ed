"""How much of everything somebody wants to be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import wraps
from pathlib import Path
from typing import Final, ParamSpec

import click

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.replay import TraceReplay
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads import case_names, standard_workloads

__all__ = ["Extent", "chosen_workloads", "with_extent"]

P = ParamSpec("P")
NOT_QUICK: Final = ("*100MB*", "*Chunk*10MB*")
ROUNDS, QUICK_ROUNDS = 5, 3
SECONDS, QUICK_SECONDS = 0.5, 0.2
MOST_CLIENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Extent:
    """Patterns of case names, none for all; with how many clients; in how many rounds, of turns of how many seconds."""

    cases: Sequence[str]
    without: Sequence[str]
    clients: Sequence[int]
    rounds: int
    seconds: float
    thorough: bool
    trace: Path | None


class Numbers(click.ParamType[Sequence[int]]):
    """Numbers of clients with commas between."""

    name = "N,N,..."

    def convert(
        self, value: str | Sequence[int], param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[int]:
        """The numbers, each once and in their order; fails where one is none from 1 to 256."""
        if not isinstance(value, str):
            return value
        words = value.split(",")
        numbers = sorted({int(word) for word in words if word.strip().isdecimal()})
        if len(numbers) != len(set(words)) or not 1 <= numbers[0] <= numbers[-1] <= MOST_CLIENTS:
            self.fail(f"give numbers from 1 to {MOST_CLIENTS} with commas between, such as 1,4,16", param, ctx)
        return numbers


def with_extent(command: Callable[P, None]) -> Callable[..., None]:
    """Add the options that say how much is measured; the command gets them as ``extent``."""

    @click.option(
        "--case", "cases", multiple=True, metavar="PATTERN", help="Only cases like 'Pull*'. May be given again."
    )
    @click.option("--clients", type=Numbers(), default="1,4,16", show_default=True, help="How many clients at once.")
    @click.option("--rounds", type=click.IntRange(1), help=f"How often all is measured; {ROUNDS} by default.")
    @click.option(
        "--seconds", type=click.FloatRange(0.05, 60), help=f"How long a turn takes at least; {SECONDS} by default."
    )
    @click.option("--quick", is_flag=True, help=f"{QUICK_ROUNDS} rounds of short turns, without 100 MiB: a first look.")
    @click.option("--thorough", is_flag=True, help="Blobs of 256 MiB too, and 16 pushes of them at once.")
    @click.option(
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Replay a trace of requests instead of the cases.",
    )
    @wraps(command)
    def asked(
        cases: Sequence[str],
        clients: Sequence[int],
        rounds: int | None,
        seconds: float | None,
        quick: bool,
        thorough: bool,
        trace: Path | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        kwargs["extent"] = Extent(
            cases,
            NOT_QUICK if quick and not cases else (),
            clients,
            rounds or (QUICK_ROUNDS if quick else ROUNDS),
            seconds or (QUICK_SECONDS if quick else SECONDS),
            thorough,
            trace,
        )
        command(*args, **kwargs)

    return asked


def chosen_workloads(extent: Extent, run: str, stack: ExitStack) -> list[Workload]:
    """The workloads; ``run`` begins the names of their repositories, ``stack`` ends them.

    Raises BenchmarkError where a pattern fits no case, with all that there are.
    """
    if extent.trace is not None:
        return [TraceReplay(extent.trace, run, extent.clients)]
    bare = extent.thorough or bool(extent.cases)
    names = case_names(bare=bare)
    for pattern in extent.cases:
        if not any(_like(name, pattern) for name in names):
            raise BenchmarkError(f"no case is like {pattern!r}; there are: {'; '.join(names)}")

    def wanted(name: str) -> bool:
        chosen = not extent.cases or any(_like(name, pattern) for pattern in extent.cases)
        return chosen and not any(_like(name, pattern) for pattern in extent.without)

    return standard_workloads(run, stack, extent.clients, bare=bare, wanted=wanted)


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
