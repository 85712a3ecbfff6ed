"""Listing of a thousand objects in a hundred folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from entrepot_benchmarks.suites.area import Area
from entrepot_benchmarks.suites.base import BenchmarkBase
from entrepot_benchmarks.suites.meter import Meter, expect
from entrepot_contract import Key, ObjectInfo, Prefix

__all__ = ["ListBenchmarks"]

OBJECTS: Final = 1000
FOLDERS: Final = 100

Listing = Callable[[str], Iterator[ObjectInfo | Prefix]]


class ListBenchmarks(BenchmarkBase):
    """``list_objects`` below a prefix: everything, one level, or only the first object."""

    def test_list_whole(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        keys = self._stored(benchmark_area)
        self._list("list 1,000 objects", benchmark_area, benchmark_meter, benchmark_area.driver.list_objects, keys)

    def test_list_first(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        keys = self._stored(benchmark_area)

        def first(prefix: str) -> Iterator[ObjectInfo | Prefix]:
            return islice(benchmark_area.driver.list_objects(prefix), 1)

        self._list("list the first of 1,000 objects", benchmark_area, benchmark_meter, first, keys[:1])

    def test_list_shallow(self, benchmark_area: Area, benchmark_meter: Meter) -> None:
        folders = dict.fromkeys(f"{key.rpartition('/')[0]}/" for key in self._stored(benchmark_area))

        def shallow(prefix: str) -> Iterator[ObjectInfo | Prefix]:
            return benchmark_area.driver.list_objects(prefix, shallow=True)

        self._list("list 100 folders of 1,000 objects", benchmark_area, benchmark_meter, shallow, list(folders))

    def _stored(self, area: Area) -> list[Key]:
        keys = [area.key(f"{number * FOLDERS // OBJECTS:03}") for number in range(OBJECTS)]
        area.store_many(keys)
        return keys

    def _list(self, group: str, area: Area, meter: Meter, listing: Listing, wanted: list[str]) -> None:
        def check(_: str, found: list[str]) -> None:
            expect(area.driver, "list_objects", found, wanted)

        meter.measure(
            group,
            lambda prefix: [item.key for item in listing(prefix)],
            prepare=lambda: f"{area.prefix}/",
            check=check,
            operations=1,
        )
