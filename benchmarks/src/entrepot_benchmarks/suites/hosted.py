"""Test module that benchmarks a host on every installed storage driver.

pytest --pyargs entrepot_benchmarks.suites.hosted --storage-backend s3=options.yml
"""

from __future__ import annotations

import pytest

from entrepot_benchmarks.suites.backends import ChosenBackends, on_every_backend
from entrepot_benchmarks.suites.host import HostBenchmarks

__all__ = ["TestHosted"]


class TestHosted(ChosenBackends, HostBenchmarks):
    """The benchmarks, for each selected backend."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every case on every backend."""
        on_every_backend(metafunc)
        super().pytest_generate_tests(metafunc)
