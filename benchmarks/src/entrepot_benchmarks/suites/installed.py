"""The module to hand to pytest, so that every installed storage driver is benchmarked with no file to write.

pytest --pyargs entrepot_benchmarks.suites.installed --storage-backend s3=options.yml
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.selection import Backend, chosen_backends, passed_over
from entrepot_benchmarks.suites.storage import StorageBenchmarks
from entrepot_contract import StorageDriver

__all__ = ["TestInstalled"]

OPTION: Final = "--storage-backend"
CHOSEN: Final[pytest.StashKey[list[Backend]]] = pytest.StashKey()


class PassedOver:
    """Names at the end the drivers that were not measured."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write a line for each."""
        faults = passed_over(OPTION)
        if faults:
            terminalreporter.section("storage drivers that were passed over")
        for fault in faults:
            terminalreporter.write_line(fault)


def backends(config: pytest.Config) -> list[Backend]:
    """What the options name, found once for each run."""
    if CHOSEN not in config.stash:
        named: list[str] = config.getoption("storage_backend")
        try:
            config.stash[CHOSEN] = chosen_backends(named, option=OPTION)
        except BenchmarkError as error:
            raise pytest.Collector.CollectError(f"{OPTION}: {error}" if named else str(error)) from error
        if not named:
            config.pluginmanager.register(PassedOver())
    return config.stash[CHOSEN]


class TestInstalled(StorageBenchmarks):
    """The benchmarks, for each backend that was chosen."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every case on every backend."""
        if "benchmark_backend" in metafunc.fixturenames:
            chosen = backends(metafunc.config)
            metafunc.parametrize("benchmark_backend", chosen, ids=[backend.label for backend in chosen])

    @pytest.fixture
    def driver(self, benchmark_backend: Backend, tmp_path: Path) -> Iterator[StorageDriver]:
        """The driver, which keeps its data below ``--basetemp`` where its options say ``{tmp}``."""
        opened = benchmark_backend.open(tmp_path)
        yield opened
        opened.close()

    @pytest.fixture
    def benchmark_label(self, benchmark_backend: Backend) -> str:
        """The backend's label."""
        return benchmark_backend.label
