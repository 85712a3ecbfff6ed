"""The benchmarks of a storage driver: one file for each group of verbs, one class of them all."""

from __future__ import annotations

from entrepot_benchmarks.suites.listing import ListBenchmarks
from entrepot_benchmarks.suites.put import PutBenchmarks
from entrepot_benchmarks.suites.read import ReadBenchmarks
from entrepot_benchmarks.suites.removal import RemovalBenchmarks
from entrepot_benchmarks.suites.threads import ThreadBenchmarks
from entrepot_benchmarks.suites.upload import UploadBenchmarks

__all__ = ["StorageBenchmarks"]


class StorageBenchmarks(
    PutBenchmarks, ReadBenchmarks, ListBenchmarks, UploadBenchmarks, RemovalBenchmarks, ThreadBenchmarks
):
    """Every benchmark of a driver; a subclass brings the fixtures ``driver`` and ``benchmark_label``."""
