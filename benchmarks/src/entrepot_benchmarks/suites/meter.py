"""How a case is measured: prepared, timed, checked outside the timed part, and told in rates."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from typing import Final, NoReturn, Protocol, TypeVar

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.suites.bodies import words
from entrepot_contract import StorageDriver

__all__ = ["Benchmark", "Meter", "about", "expect"]

MOST_ROUNDS: Final = 1000
PATIENCE: Final = 10
MOST_SHOWN: Final = 200

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class Rounds(Protocol):
    """What pytest-benchmark has measured."""

    def get(self, key: str) -> float:
        """A value by its name, in seconds."""


class Benchmark(Protocol):
    """As much of pytest-benchmark's fixture as is used here."""

    name: str
    group: str | None
    extra_info: dict[str, object]
    stats: Rounds | None

    @property
    def enabled(self) -> bool:
        """Whether anything is measured; otherwise a target runs once."""

    def pedantic(
        self,
        target: Callable[..., object],
        *,
        setup: Callable[[], object] | None = None,
        teardown: Callable[..., object] | None = None,
        rounds: int = 1,
    ) -> object:
        """Time some rounds, each between a set-up and a tear-down that are not timed."""


@dataclass(slots=True)
class Meter:
    """Measures one case with one benchmark fixture.

    - ``seconds``: how long the timed parts may take together; ``fewest`` rounds are measured all the same.
    - ``largest``: the size of the largest object, in bytes.
    """

    benchmark: Benchmark
    largest: int
    seconds: float
    fewest: int
    facts: dict[str, object] = field(default_factory=dict)

    def allow(self, size: int) -> None:
        """Skip the case where its object would be too large."""
        if size > self.largest:
            pytest.skip(f"{words(size)} is more than the largest blob of this run: {words(self.largest)}")

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
        """Time ``work`` in rounds, as many as fit into the time.

        ``prepare`` goes before each round, ``check`` after it, and ``proof``, for what takes long, after the first.
        ``moved`` are the bytes of a round, ``operations`` what it does.
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
        self._tell(moved, operations)

    def _rounds(
        self,
        timed: Callable[[Given], None],
        done: list[tuple[Given, Answer]],
        prepare: Callable[[], Given],
        check: Callable[[Given, Answer], None],
        proof: Callable[[Given, Answer], None] | None,
    ) -> int:
        """How many rounds fit into the time, by one that is not counted."""
        try:
            began = time.perf_counter()
            given = prepare()
            prepared = time.perf_counter()
            timed(given)
            ended = time.perf_counter()
            self._settle(done, check, proof)
        except BaseException as error:
            # Through the fixture, which warns where it was not used.
            self.benchmark.pedantic(partial(_fail, error))
            raise
        each = max(ended - prepared, (ended - began) / PATIENCE, 1e-9)
        return max(self.fewest, min(MOST_ROUNDS, int(self.seconds / each)))

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

    def _tell(self, moved: int, operations: int) -> None:
        self.benchmark.extra_info.update(self.facts, operations=operations, bytes=moved)
        if self.benchmark.stats is not None:
            median = self.benchmark.stats.get("median")
            self.benchmark.extra_info["operations/s"] = operations / median
            if moved:
                self.benchmark.extra_info["MB/s"] = moved / median / 1e6


def expect(driver: StorageDriver, verb: str, found: object, wanted: object) -> None:
    """Raises BenchmarkError where a driver answered something else than it had to."""
    if found != wanted:
        raise BenchmarkError(f"{verb} of {driver.name} answered {_short(found)}, not {_short(wanted)}")


def about(driver: StorageDriver, label: str) -> dict[str, object]:
    """What a result says of the driver that it belongs to."""
    module = type(driver).__module__.partition(".")[0]
    points = metadata.entry_points(group="entrepot.storage")
    package = next((point.dist for point in points if point.dist and point.module.partition(".")[0] == module), None)
    return {
        "backend": label,
        "driver": driver.name,
        "package": package.name if package else "",
        "version": package.version if package else "",
        "durable": driver.capabilities.durable,
    }


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _fail(error: BaseException) -> NoReturn:
    raise error
