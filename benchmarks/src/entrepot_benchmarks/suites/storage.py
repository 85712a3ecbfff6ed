"""All benchmarks of a storage driver."""

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
    """All benchmarks of a driver; a subclass provides the fixtures ``driver`` and ``benchmark_label``."""
