"""Measurement of a case: preparation, timing, verification outside the timed part, and rates."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NoReturn, Protocol, TypeVar

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.suites.bodies import words
from entrepot_contract import StorageDriver
from entrepot_contract.plugins import STORAGE, claims

__all__ = ["Benchmark", "Meter", "about", "expect"]

MAX_ROUNDS: Final = 1000
PATIENCE: Final = 10
MAX_SHOWN: Final = 200

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class Rounds(Protocol):
    """The statistics of pytest-benchmark."""

    def get(self, key: str) -> float:
        """Return a value by name, in seconds."""


class Benchmark(Protocol):
    """The subset of pytest-benchmark's fixture that is used here."""

    name: str
    group: str | None
    extra_info: dict[str, object]
    stats: Rounds | None

    @property
    def enabled(self) -> bool:
        """Whether benchmarks are measured; otherwise the target runs once."""

    def pedantic(
        self,
        target: Callable[..., object],
        *,
        setup: Callable[[], object] | None = None,
        teardown: Callable[..., object] | None = None,
        rounds: int = 1,
    ) -> object:
        """Time a number of rounds, each with a setup and a teardown that are not timed."""


@dataclass(slots=True)
class Meter:
    """Measures one case with one benchmark fixture.

    - ``seconds``: limit of the total duration of the timed parts; at least ``fewest`` rounds are measured.
    - ``largest``: the maximum object size, in bytes.
    """

    benchmark: Benchmark
    largest: int
    seconds: float
    fewest: int
    facts: dict[str, object] = field(default_factory=dict)

    def allow(self, size: int) -> None:
        """Skip the case if its object would be too large."""
        if size > self.largest:
            pytest.skip(f"{words(size)} exceeds the maximum blob size of this run: {words(self.largest)}")

    def measure(
        self,
        group: str,
        work: Callable[[Given], Answer],
        *,
        prepare: Callable[[], Given],
        check: Callable[[Given, Answer], None],
        proof: Callable[[Given, Answer], None] | None = None,
        moved: int = 0,
        operations: int = 1,
    ) -> None:
        """Time ``work`` in as many rounds as fit into the time limit.

        ``prepare`` is called before each round, ``check`` after each round, and ``proof``, for slow checks, after the
        first one. ``moved`` and ``operations`` are the bytes and operations of a round.
        """
        self.benchmark.group = group
        done: list[tuple[Given, Answer]] = []

        def timed(given: Given) -> None:
            done.append((given, work(given)))

        rounds = self._rounds(timed, done, prepare, check, proof) if self.benchmark.enabled else 1
        self.benchmark.pedantic(
            timed,
            setup=lambda: ((prepare(),), {}),
            teardown=lambda _: self._settle(done, check),
            rounds=rounds,
        )
        self._settle(done, check, proof)
        self._record(moved, operations)

    def _rounds(
        self,
        timed: Callable[[Given], None],
        done: list[tuple[Given, Answer]],
        prepare: Callable[[], Given],
        check: Callable[[Given, Answer], None],
        proof: Callable[[Given, Answer], None] | None,
    ) -> int:
        """Return the number of rounds that fit into the time limit, based on one that is not counted."""
        try:
            began = time.perf_counter()
            given = prepare()
            prepared = time.perf_counter()
            timed(given)
            ended = time.perf_counter()
            self._settle(done, check, proof)
        except BaseException as error:
            # Raised through the fixture, which warns if it was not used.
            self.benchmark.pedantic(partial(_fail, error))
            raise
        each = max(ended - prepared, (ended - began) / PATIENCE, 1e-9)
        return max(self.fewest, min(MAX_ROUNDS, int(self.seconds / each)))

    def _settle(
        self,
        done: list[tuple[Given, Answer]],
        check: Callable[[Given, Answer], None],
        proof: Callable[[Given, Answer], None] | None = None,
    ) -> None:
        while done:
            given, answer = done.pop()
            if proof is not None:
                proof(given, answer)
            check(given, answer)

    def _record(self, moved: int, operations: int) -> None:
        self.benchmark.extra_info.update(self.facts, operations=operations, bytes=moved)
        if self.benchmark.stats is not None:
            median = self.benchmark.stats.get("median")
            self.benchmark.extra_info["operations/s"] = operations / median
            if moved:
                self.benchmark.extra_info["MB/s"] = moved / median / 1e6


def expect(driver: StorageDriver, verb: str, found: object, wanted: object) -> None:
    """Raise BenchmarkError if a driver returned an unexpected value."""
    if found != wanted:
        raise BenchmarkError(f"{verb} of {driver.name} returned {_short(found)}, not {_short(wanted)}")


def about(driver: StorageDriver, label: str) -> dict[str, object]:
    """Return information about a driver for its results."""
    module = type(driver).__module__.partition(".")[0]
    mine = (claim.dist for claim in claims(STORAGE) if claim.module.partition(".")[0] == module)
    package = next(mine, None)
    return {
        "backend": label,
        "driver": driver.name,
        "package": package.name if package else "",
        "version": package.version if package else "",
        "durable": driver.capabilities.durable,
    }


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _fail(error: BaseException) -> NoReturn:
    raise error
