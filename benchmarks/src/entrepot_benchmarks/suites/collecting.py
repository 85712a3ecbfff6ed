"""Collection of benchmarks instead of tests, for the driver of each contract test class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from entrepot.plugins import PluginError, load_storage
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.suites.host import HostBenchmarks
from entrepot_benchmarks.suites.storage import StorageBenchmarks
from entrepot_contract import StorageDriver
from entrepot_contract.testing import StorageContract

__all__ = ["Collecting"]


class OwnDriver(StorageBenchmarks):
    """Benchmarks of the driver of a contract test class, with the fixtures of that class."""

    @pytest.fixture
    def benchmark_label(self, request: pytest.FixtureRequest) -> str:
        """The driver and the class that configures it, because several classes may configure the same driver."""
        return label_of(request)

    @pytest.fixture
    def empty_store(self) -> None:
        """Other content of the store is allowed: benchmarks use only keys below their own prefix."""


class OwnHost(HostBenchmarks):
    """Benchmarks of a host on the driver of a contract test class."""

    @pytest.fixture
    def benchmark_backend(self, request: pytest.FixtureRequest, config: Mapping[str, object]) -> Backend:
        """The driver with its configuration. Skips if a host would not find the driver."""
        driver: type[StorageDriver] = request.cls.driver_class
        try:
            found: object = load_storage(driver.name)
        except PluginError as error:
            found, reason = None, str(error)
        else:
            reason = f"the installed storage plugin {driver.name!r} is not {driver.__qualname__}"
        if found is not driver:
            pytest.skip(f"a host finds drivers only by entry point, and {reason}")
        return Backend(label_of(request), driver.name, config)


def label_of(request: pytest.FixtureRequest) -> str:
    """Return the name of a class's driver in the results."""
    return f"{request.cls.driver_class.name} ({request.cls.__name__})"


class BenchmarkedClass(pytest.Class):
    """A contract test class with benchmarks instead of its tests."""

    levels: Sequence[type]

    def _getobj(self) -> type:
        case: type[StorageContract] = super()._getobj()  # type: ignore[no-untyped-call]  # pytest's own
        ours = {name for level in self.levels for name in dir(level)}
        hidden = {name for name in dir(case) if self.funcnamefilter(name)} - ours
        # Only tests need the contract's gate, which would open another driver before each benchmark, and a time limit.
        held = dict.fromkeys([*hidden, "contract_gate", "time_limit"]) | {
            "known_failures": {},
            "__module__": case.__module__,
        }
        return type(case.__name__, (*self.levels, case), held)


class Collecting:
    """The hooks; ``driver`` and ``host`` select the benchmarks."""

    def __init__(self, *, driver: bool, host: bool) -> None:
        self._levels = [level for level, wanted in ((OwnDriver, driver), (OwnHost, host)) if wanted]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Module | pytest.Class, name: str, obj: object
    ) -> pytest.Class | None:
        """Replace a contract test class with its benchmarks."""
        if isinstance(obj, type) and issubclass(obj, StorageContract) and collector.istestclass(obj, name):
            made = BenchmarkedClass.from_parent(collector, name=name)
            made.levels = self._levels
            return made
        return None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect all tests."""
        ours = (StorageBenchmarks, HostBenchmarks)
        others = [item for item in items if not issubclass(getattr(item, "cls", None) or object, ours)]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in others]
