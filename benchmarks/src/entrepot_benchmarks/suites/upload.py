"""Uploads from start to commit."""

from __future__ import annotations

import pytest

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.base import BenchmarkBase
from entrepot_benchmarks.suites.bodies import MIB, Body, plain, words
from entrepot_benchmarks.suites.meter import Meter, expect
from entrepot_contract import Key, ObjectInfo

__all__ = ["UploadBenchmarks"]


class UploadBenchmarks(BenchmarkBase):
    """``upload_start``, one ``upload_append`` of chunks of 1 MiB, and ``upload_commit``."""

    @pytest.mark.parametrize("size", [0, MIB, 16 * MIB, 256 * MIB], ids=plain)
    def test_upload(self, benchmark_area: Area, benchmark_meter: Meter, size: int) -> None:
        benchmark_meter.allow(size)
        area = benchmark_area

        def check(given: tuple[Key, Body], info: ObjectInfo) -> None:
            expect(area.driver, "upload_commit", info.size, size)
            area.drop([given[0]])

        benchmark_meter.measure(
            f"upload {words(size)}",
            lambda given: area.upload(*given),
            prepare=lambda: (area.key(), Body(size)),
            check=check,
            proof=lambda given, _: area.prove(*given),
            moved=size,
        )
