"""Writing of complete objects."""

from __future__ import annotations

import pytest

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.base import BenchmarkBase
from entrepot_benchmarks.suites.bodies import KIB, MIB, Body, plain, words
from entrepot_benchmarks.suites.meter import Meter, expect
from entrepot_contract import Key, ObjectInfo

__all__ = ["PutBenchmarks"]


class PutBenchmarks(BenchmarkBase):
    """``put`` of a new body under a new key."""

    @pytest.mark.parametrize("size", [0, 4 * KIB, MIB, 16 * MIB], ids=plain)
    def test_put(self, benchmark_area: Area, benchmark_meter: Meter, size: int) -> None:
        benchmark_meter.allow(size)
        area = benchmark_area

        def prepare() -> tuple[Key, Body, bytes]:
            body = Body(size)
            return area.key(), body, body.whole()

        def check(given: tuple[Key, Body, bytes], info: ObjectInfo) -> None:
            expect(area.driver, "put", info.size, size)
            area.drop([given[0]])

        benchmark_meter.measure(
            f"put {words(size)}",
            lambda given: area.driver.put(given[0], given[2]),
            prepare=prepare,
            check=check,
            proof=lambda given, _: area.prove(given[0], given[1]),
            moved=size,
        )
