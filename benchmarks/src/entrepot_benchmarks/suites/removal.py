"""Moving and deleting of objects."""

from __future__ import annotations

import pytest

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.base import BenchmarkBase
from entrepot_benchmarks.suites.bodies import MIB, Body, words
from entrepot_benchmarks.suites.meter import Meter, expect
from entrepot_contract import Key, NotFound, ObjectInfo, StorageDriver

__all__ = ["RemovalBenchmarks"]


def exists(driver: StorageDriver, key: Key) -> bool:
    """Return whether an object exists."""
    try:
        driver.stat(key)
    except NotFound:
        return False
    return True


class RemovalBenchmarks(BenchmarkBase):
    """``move`` to a new key, and ``delete`` of existing objects."""

    def test_move(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        area = benchmark_area
        size = min(MIB, benchmark_meter.largest)
        body = Body(size)

        def check(given: tuple[Key, Key], info: ObjectInfo) -> None:
            expect(area.driver, "move", (info.size, exists(area.driver, given[0])), (size, False))
            area.drop(given)

        benchmark_meter.measure(
            f"move {words(size)}",
            lambda given: area.driver.move(*given),
            prepare=lambda: (area.store(body), area.key()),
            check=check,
            proof=lambda given, _: area.prove(given[1], body),
        )

    @pytest.mark.parametrize("number", [1, 1000])
    def test_delete(self, benchmark_area: Area, benchmark_meter: Meter, number: int) -> None:
        area = benchmark_area

        def prepare() -> list[Key]:
            keys = [area.key() for _ in range(number)]
            area.store_many(keys)
            return keys

        def check(given: list[Key], _: None) -> None:
            left = [item.key for item in area.driver.list_objects(f"{area.prefix}/")]
            expect(area.driver, "delete", left, [])
            area.forget(given)

        benchmark_meter.measure(
            f"delete {number:,} object{'s' if number > 1 else ''}",
            area.driver.delete,
            prepare=prepare,
            check=check,
            operations=number,
        )
