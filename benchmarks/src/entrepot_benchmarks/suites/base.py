"""Common fixtures of the cases: an area of the store, and a meter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.bodies import MIB
from entrepot_benchmarks.suites.meter import Benchmark, Meter, about
from entrepot_contract import StorageDriver

__all__ = ["BenchmarkBase"]


class BenchmarkBase:
    """The fixtures of the cases; a subclass provides ``driver`` and ``benchmark_label``."""

    @pytest.fixture
    def benchmark_area(self, driver: StorageDriver) -> Iterator[Area]:
        """An area of the driver's store, which is cleared afterwards."""
        area = Area(driver)
        try:
            yield area
        finally:
            area.clear()

    @pytest.fixture
    def benchmark_largest(self, request: pytest.FixtureRequest, driver: StorageDriver) -> int:
        """The maximum object size in bytes, according to the driver's capabilities and ``--storage-largest-blob``."""
        wanted: int = request.config.getoption("storage_largest_blob")
        limit = driver.capabilities.max_object_size
        return wanted * MIB if limit is None else min(wanted * MIB, limit)

    @pytest.fixture
    def benchmark_meter(
        self,
        request: pytest.FixtureRequest,
        benchmark_area: Area,
        benchmark_largest: int,
        benchmark_label: str,
        benchmark: Benchmark,
    ) -> Meter:
        """The meter of the case; its row in a table begins with the label."""
        case = request.node.name.removeprefix("test_").replace(f"[{benchmark_label}-", "[")
        benchmark.name = f"{benchmark_label}: {case.removesuffix(f'[{benchmark_label}]')}"
        return Meter(
            benchmark,
            largest=benchmark_largest,
            seconds=float(request.config.getoption("benchmark_max_time")),
            fewest=request.config.getoption("benchmark_min_rounds"),
            facts=about(benchmark_area.driver, benchmark_label),
        )
