"""The backends selected by pytest options, for the suites that need no test file."""

from __future__ import annotations

from typing import Final

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.selection import Backend, chosen_backends, passed_over

__all__ = ["ChosenBackends", "on_every_backend"]

OPTION: Final = "--storage-backend"
CHOSEN: Final[pytest.StashKey[list[Backend]]] = pytest.StashKey()


class PassedOver:
    """Lists the drivers that were not measured in the terminal summary."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write a line for each skipped driver."""
        faults = passed_over(OPTION)
        if faults:
            terminalreporter.section("skipped storage drivers")
        for fault in faults:
            terminalreporter.write_line(fault)


def on_every_backend(metafunc: pytest.Metafunc) -> None:
    """Parametrize a case with the fixture ``benchmark_backend`` for every backend, determined once per run."""
    if "benchmark_backend" not in metafunc.fixturenames:
        return
    config = metafunc.config
    if CHOSEN not in config.stash:
        named: list[str] = config.getoption("storage_backend")
        try:
            config.stash[CHOSEN] = chosen_backends(named, option=OPTION)
        except BenchmarkError as error:
            raise pytest.Collector.CollectError(f"{OPTION}: {error}" if named else str(error)) from error
        if not named:
            config.pluginmanager.register(PassedOver())
    # Only with labels, because results contain the parameters.
    labels = [backend.label for backend in config.stash[CHOSEN]]
    metafunc.parametrize("benchmark_backend", labels, ids=labels, indirect=True)


class ChosenBackends:
    """The fixture for classes whose cases run on every backend."""

    @pytest.fixture
    def benchmark_backend(self, request: pytest.FixtureRequest) -> Backend:
        """The backend with a label."""
        return next(backend for backend in request.config.stash[CHOSEN] if backend.label == request.param)
