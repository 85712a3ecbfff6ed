"""Test module that benchmarks every installed storage driver.

pytest --pyargs entrepot_benchmarks.suites.installed --storage-backend s3=options.yml
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.suites.backends import ChosenBackends, on_every_backend
from entrepot_benchmarks.suites.storage import StorageBenchmarks
from entrepot_contract import StorageDriver

__all__ = ["TestInstalled"]


class TestInstalled(ChosenBackends, StorageBenchmarks):
    """The benchmarks, for each selected backend."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every case on every backend."""
        on_every_backend(metafunc)

    @pytest.fixture
    def driver(self, benchmark_backend: Backend, tmp_path: Path) -> Iterator[StorageDriver]:
        """The driver; ``{tmp}`` in its options is a folder below ``--basetemp``."""
        with closing(benchmark_backend.open(tmp_path)) as opened:
            yield opened

    @pytest.fixture
    def benchmark_label(self, benchmark_backend: Backend) -> str:
        """The label of the backend."""
        return benchmark_backend.label
