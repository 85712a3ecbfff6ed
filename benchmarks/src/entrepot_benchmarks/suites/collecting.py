"""What is collected where benchmarks are asked for: those of the driver of each class of the kit, and nothing else."""

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
    """Benchmarks of the driver of a class of the kit, whose fixtures stay as they are."""

    @pytest.fixture
    def benchmark_label(self, request: pytest.FixtureRequest) -> str:
        """The driver, and the class that configures it: another may configure it otherwise."""
        return label_of(request)


class OwnHost(HostBenchmarks):
    """Benchmarks of a host on the driver of a class of the kit."""

    @pytest.fixture
    def benchmark_backend(self, request: pytest.FixtureRequest, config: Mapping[str, object]) -> Backend:
        """The driver with its configuration, where a host can find it."""
        driver: type[StorageDriver] = request.cls.driver_class
        try:
            found: object = load_storage(driver.name)
        except PluginError as error:
            found, reason = None, str(error)
        else:
            reason = f"the storage plugin {driver.name!r} that is installed is another class than {driver.__qualname__}"
        if found is not driver:
            pytest.skip(f"a host finds drivers by their entry point alone, and {reason}")
        return Backend(label_of(request), driver.name, config)


def label_of(request: pytest.FixtureRequest) -> str:
    """What results call the driver of a class."""
    return f"{request.cls.driver_class.name} ({request.cls.__name__})"


class BenchmarkedClass(pytest.Class):
    """A class of the kit, of which its tests are hidden behind benchmarks."""

    levels: Sequence[type]

    def _getobj(self) -> type:
        case: type[StorageContract] = super()._getobj()  # type: ignore[no-untyped-call]  # pytest's own
        ours = {name for level in self.levels for name in dir(level)}
        hidden = {name for name in dir(case) if self.funcnamefilter(name)} - ours
        # The gate of the kit is for its tests: it would open one more driver before each benchmark.
        held = dict.fromkeys([*hidden, "contract_gate"]) | {"known_failures": {}, "__module__": case.__module__}
        return type(case.__name__, (*self.levels, case), held)


class Collecting:
    """The hooks; ``driver`` and ``host`` tell which benchmarks are wanted."""

    def __init__(self, *, driver: bool, host: bool) -> None:
        self._levels = [level for level, wanted in ((OwnDriver, driver), (OwnHost, host)) if wanted]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Module | pytest.Class, name: str, obj: object
    ) -> pytest.Class | None:
        """Take a class of the kit as what it configures."""
        if isinstance(obj, type) and issubclass(obj, StorageContract) and collector.istestclass(obj, name):
            made = BenchmarkedClass.from_parent(collector, name=name)
            made.levels = self._levels
            return made
        return None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out every test: whoever wants them runs without the option."""
        ours = (StorageBenchmarks, HostBenchmarks)
        others = [item for item in items if not issubclass(getattr(item, "cls", None) or object, ours)]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in others]
