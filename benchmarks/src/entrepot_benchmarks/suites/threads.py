"""Concurrent use of a driver by four threads."""

from __future__ import annotations

from typing import Final

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.base import BenchmarkBase
from entrepot_benchmarks.suites.bodies import MIB, Body, words
from entrepot_benchmarks.suites.meter import Meter, expect
from entrepot_benchmarks.suites.read import drained
from entrepot_contract import Key
from entrepot_contract.testing.threads import THREADS, together

__all__ = ["ThreadBenchmarks"]

EACH: Final = 8


class ThreadBenchmarks(BenchmarkBase):
    """``put`` and ``read`` of 1 MiB, eight times in each of four threads that start at the same time."""

    def test_put_in_threads(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        area = benchmark_area
        size = min(MIB, benchmark_meter.largest)
        body = Body(size)
        data = body.whole()

        def put(keys: list[list[Key]]) -> list[int]:
            return together(lambda number: sum(area.driver.put(key, data).size for key in keys[number]))

        def prove(keys: list[list[Key]], _: list[int]) -> None:
            for mine in keys:
                area.prove(mine[-1], body)

        def check(keys: list[list[Key]], sizes: list[int]) -> None:
            expect(area.driver, "put", sizes, [EACH * size] * THREADS)
            area.drop(key for mine in keys for key in mine)

        benchmark_meter.measure(
            f"put {words(size)} in {THREADS} threads",
            put,
            prepare=lambda: [[area.key() for _ in range(EACH)] for _ in range(THREADS)],
            check=check,
            proof=prove,
            moved=THREADS * EACH * size,
            operations=THREADS * EACH,
        )

    def test_read_in_threads(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        area = benchmark_area
        size = min(MIB, benchmark_meter.largest)
        bodies = [Body(size) for _ in range(THREADS)]
        keys = [area.store(body) for body in bodies]

        def read(keys: list[Key]) -> list[int]:
            return together(lambda number: sum(drained(area.driver, keys[number]) for _ in range(EACH)))

        def prove(keys: list[Key], _: list[int]) -> None:
            for key, body in zip(keys, bodies, strict=True):
                area.prove(key, body)

        benchmark_meter.measure(
            f"read {words(size)} in {THREADS} threads",
            read,
            prepare=lambda: keys,
            check=lambda _, sizes: expect(area.driver, "read", sizes, [EACH * size] * THREADS),
            proof=prove,
            moved=THREADS * EACH * size,
            operations=THREADS * EACH,
        )
