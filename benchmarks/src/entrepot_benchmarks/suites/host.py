"""Benchmarks of a host in a separate process on a storage driver, with the standard workloads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from entrepot_benchmarks.results.model import CaseInfo, Series, Spell
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.suites.meter import Benchmark
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads import new_run, standard_workloads

__all__ = ["HostBenchmarks"]

SHARES: Final = (0.5, 0.95, 0.99)


@dataclass(slots=True)
class Clock:
    """Advances by the duration of an operation, as measured by the load generator."""

    now: float = 0.0


CLOCK: Final = Clock()


def seconds_per_operation() -> float:
    """The timer of these benchmarks: turns have a fixed duration, and the number of operations varies."""
    return CLOCK.now


@dataclass(frozen=True, slots=True)
class Turns:
    """A benchmark: the turns of a workload with a number of concurrent clients."""

    workload: Workload
    clients: int

    @property
    def case(self) -> CaseInfo:
        """The measured case."""
        return self.workload.cases[0]

    @property
    def id(self) -> str:
        """The id as a test parameter."""
        return f"{re.sub('[^a-zA-Z0-9]+', '-', self.case.name)}-{self.clients}"

    @property
    def group(self) -> str:
        """The same in readable form."""
        return f"{self.case.name}, {self.clients} client{'s' if self.clients > 1 else ''}"


@dataclass(frozen=True, slots=True)
class Load:
    """The turns of a run, and the prefix of its repositories."""

    run: str
    turns: list[Turns]


LOAD: Final[pytest.StashKey[Load]] = pytest.StashKey()


def load_of(config: pytest.Config) -> Load:
    """Return all workloads with blobs up to ``--storage-largest-blob``; created once, and closed at the end."""
    if LOAD not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        run, largest = new_run(), config.getoption("storage_largest_blob")

        def small(case: str) -> bool:
            # 1MB in the name of a case means 2^20 bytes.
            return all(int(size) <= largest for size in re.findall(r"(\d+)MB", case))

        workloads = standard_workloads(run, stack, wanted=small)
        config.stash[LOAD] = Load(run, [Turns(each, clients) for each in workloads for clients in each.clients])
    return config.stash[LOAD]


class HostBenchmarks:
    """Every workload on a separate host; a subclass provides ``benchmark_backend``."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every workload with each number of clients."""
        if "benchmark_turns" in metafunc.fixturenames:
            names = [each.id for each in load_of(metafunc.config).turns]
            metafunc.parametrize("benchmark_turns", names, ids=names, indirect=True)

    @pytest.fixture
    def benchmark_turns(self, request: pytest.FixtureRequest) -> Turns:
        """The turns with an id."""
        return next(each for each in load_of(request.config).turns if each.id == request.param)

    @pytest.fixture
    def benchmark_host(
        self, request: pytest.FixtureRequest, benchmark_backend: Backend, tmp_path: Path
    ) -> Iterator[Target]:
        """A host on the backend; ``{tmp}`` in the options is a folder below ``--basetemp``."""
        with closing(EntrepotHost(benchmark_backend, tmp_path / "host", load_of(request.config).run)) as host:
            yield host

    @pytest.mark.benchmark(timer=seconds_per_operation)
    def test_host(
        self,
        request: pytest.FixtureRequest,
        benchmark_host: Target,
        benchmark_turns: Turns,
        benchmark: Benchmark,
    ) -> None:
        workload, clients = benchmark_turns.workload, benchmark_turns.clients
        benchmark.group = benchmark_turns.group
        benchmark.name = f"{benchmark_host.info.name}: host[{benchmark_turns.id}]"
        series = Series(benchmark_turns.case.name, clients, benchmark_host.info.name)

        def turn() -> None:
            spell = workload.turn(benchmark_host, clients, float(request.config.getoption("benchmark_max_time")))
            series.spells.append(spell[series.case])
            CLOCK.now += series.spells[-1].elapsed / series.spells[-1].operations

        try:
            workload.prepare(benchmark_host)
            benchmark.pedantic(
                turn,
                teardown=lambda: benchmark_host.settle(lambda: workload.prepare(benchmark_host)),
                rounds=request.config.getoption("benchmark_min_rounds"),
            )
        finally:
            workload.forget(benchmark_host)
        benchmark.extra_info.update(facts(benchmark_host, series))


def facts(host: Target, series: Series) -> dict[str, object]:
    """Return the additional information of a result: median rates, and CPU time and memory of the host."""
    spells = series.spells
    found: dict[str, object] = {
        "backend": host.info.name,
        "driver": host.info.driver,
        "package": host.info.package,
        "version": host.info.version,
        "durable": host.info.durable,
        "clients": series.clients,
        "operations": sum(spell.operations for spell in spells),
        "bytes": sum(spell.bytes for spell in spells),
        "operations/s": median(series.values("operations/s")),
        **{f"p{share * 100:.0f} seconds": series.latency(share) for share in SHARES},
        "generator CPU seconds per operation": per_operation(spells, [spell.generator_cpu for spell in spells]),
    }
    if any(spell.bytes for spell in spells):
        found["MB/s"] = median(series.values("MB/s"))
    cpu = [spell.server_cpu for spell in spells if spell.server_cpu is not None]
    if len(cpu) == len(spells):
        found["host CPU seconds per operation"] = per_operation(spells, cpu)
    found["host memory bytes"] = max(
        (spell.peak_memory for spell in spells if spell.peak_memory is not None), default=host.family.memory()
    )
    return found


def per_operation(spells: list[Spell], seconds: list[float]) -> float:
    """Return the seconds of all turns per operation."""
    return sum(seconds) / sum(spell.operations for spell in spells)
