"""Reading of objects, completely or in part."""

from __future__ import annotations

import pytest

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.base import BenchmarkBase
from entrepot_benchmarks.suites.bodies import KIB, MIB, Body, plain, words
from entrepot_benchmarks.suites.meter import Meter, expect
from entrepot_contract import Key, ObjectInfo, StorageDriver

__all__ = ["ReadBenchmarks", "drained"]


def drained(driver: StorageDriver, key: Key, *, offset: int = 0, length: int | None = None) -> int:
    """Read an object chunk by chunk and return its size."""
    size = 0
    with driver.read(key, offset=offset, length=length) as reader:
        for chunk in reader:
            size += len(chunk)
    return size


class ReadBenchmarks(BenchmarkBase):
    """``read`` and ``stat`` of the same object."""

    @pytest.mark.parametrize("size", [0, 4 * KIB, MIB, 16 * MIB, 256 * MIB], ids=plain)
    def test_read(self, benchmark_area: Area, benchmark_meter: Meter, size: int) -> None:
        benchmark_meter.allow(size)
        body = Body(size)
        key = benchmark_area.store(body)
        driver = benchmark_area.driver
        benchmark_meter.measure(
            f"read {words(size)}",
            lambda key: drained(driver, key),
            prepare=lambda: key,
            check=lambda _, read: expect(driver, "read", read, size),
            proof=lambda key, _: benchmark_area.prove(key, body),
            moved=size,
        )

    def test_read_range(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        size = min(16 * MIB, benchmark_meter.largest)
        length = min(64 * KIB, size)
        offset = (size - length) // 2
        body = Body(size)
        key = benchmark_area.store(body)
        driver = benchmark_area.driver
        benchmark_meter.measure(
            f"read {words(length)} of {words(size)}",
            lambda key: drained(driver, key, offset=offset, length=length),
            prepare=lambda: key,
            check=lambda _, read: expect(driver, "read", read, length),
            proof=lambda key, _: benchmark_area.prove(key, body, offset=offset, length=length),
            moved=length,
        )

    def test_stat(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        size = 4 * KIB
        benchmark_meter.allow(size)
        key = benchmark_area.store(Body(size))
        driver = benchmark_area.driver

        def check(_: Key, info: ObjectInfo) -> None:
            expect(driver, "stat", info.size, size)

        benchmark_meter.measure("stat", driver.stat, prepare=lambda: key, check=check)
