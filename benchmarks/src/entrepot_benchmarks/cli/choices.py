"""Options that select what is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import wraps
from typing import Final, ParamSpec

import click

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads import case_names, standard_workloads

__all__ = ["Extent", "chosen_workloads", "with_extent"]

P = ParamSpec("P")
NOT_QUICK: Final = ("*100MB*", "*Chunk*10MB*")
ROUNDS, QUICK_ROUNDS = 5, 3
SECONDS, QUICK_SECONDS = 0.5, 0.2
MAX_CLIENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Extent:
    """What is measured: case name patterns (all if empty), numbers of clients, rounds, and seconds per turn."""

    cases: Sequence[str]
    without: Sequence[str]
    clients: Sequence[int]
    rounds: int
    seconds: float
    thorough: bool


class Numbers(click.ParamType[Sequence[int]]):
    """A comma-separated list of numbers of clients."""

    name = "N,N,..."

    def convert(
        self, value: str | Sequence[int], param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[int]:
        """Return the distinct numbers in ascending order. Fails if one is not a number from 1 to 256."""
        if not isinstance(value, str):
            return value
        words = value.split(",")
        numbers = sorted({int(word) for word in words if word.strip().isdecimal()})
        if len(numbers) != len(set(words)) or not 1 <= numbers[0] <= numbers[-1] <= MAX_CLIENTS:
            self.fail(f"expected comma-separated numbers from 1 to {MAX_CLIENTS}, such as 1,4,16", param, ctx)
        return numbers


def with_extent(command: Callable[P, None]) -> Callable[..., None]:
    """Add the options that select what is measured; they are passed to the command as ``extent``."""

    @click.option("--case", "cases", multiple=True, metavar="PATTERN", help="Only cases matching 'Pull*'. Repeatable.")
    @click.option(
        "--clients", type=Numbers(), default="1,4,16", show_default=True, help="Numbers of concurrent clients."
    )
    @click.option("--rounds", type=click.IntRange(1), help=f"Number of rounds; {ROUNDS} by default.")
    @click.option("--seconds", type=click.FloatRange(0.05, 60), help=f"Minimum seconds per turn; {SECONDS} by default.")
    @click.option("--quick", is_flag=True, help=f"{QUICK_ROUNDS} rounds of short turns, without 100 MiB blobs.")
    @click.option("--thorough", is_flag=True, help="Also blobs of 256 MiB, and 16 concurrent pushes of them.")
    @wraps(command)
    def wrapper(
        cases: Sequence[str],
        clients: Sequence[int],
        rounds: int | None,
        seconds: float | None,
        quick: bool,
        thorough: bool,
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
        )
        command(*args, **kwargs)

    return wrapper


def chosen_workloads(extent: Extent, run: str, stack: ExitStack) -> list[Workload]:
    """Return the selected workloads.

    ``run`` is the prefix of their repository names; ``stack`` closes them. Raises BenchmarkError if a pattern matches
    no case; the message lists all cases.
    """
    bare = extent.thorough or bool(extent.cases)
    names = case_names(bare=bare)
    for pattern in extent.cases:
        if not any(_matches(name, pattern) for name in names):
            raise BenchmarkError(f"no case matches {pattern!r}; available: {'; '.join(names)}")

    def wanted(name: str) -> bool:
        chosen = not extent.cases or any(_matches(name, pattern) for pattern in extent.cases)
        return chosen and not any(_matches(name, pattern) for pattern in extent.without)

    return standard_workloads(run, stack, extent.clients, bare=bare, wanted=wanted)


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
