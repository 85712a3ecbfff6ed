"""What ``--storage-benchmarks`` collects: for each class of the kit its driver's benchmarks, and nothing else."""

from __future__ import annotations

import pytest

from entrepot_benchmarks.suites.storage import StorageBenchmarks
from entrepot_contract.testing import StorageContract

__all__ = ["Collecting"]


class OwnDriver(StorageBenchmarks):
    """Benchmarks of the driver of a class of the kit, whose fixtures stay as they are."""

    @pytest.fixture
    def benchmark_label(self, request: pytest.FixtureRequest) -> str:
        """The driver, and the class that configures it: another may configure it otherwise."""
        return f"{request.cls.driver_class.name} ({request.cls.__name__})"


class BenchmarkedClass(pytest.Class):
    """A class of the kit, of which its tests are hidden behind benchmarks."""

    def _getobj(self) -> type:
        case: type[StorageContract] = super()._getobj()  # type: ignore[no-untyped-call]  # pytest's own
        hidden = {name for name in dir(case) if self.funcnamefilter(name)} - set(dir(OwnDriver))
        # The gate of the kit is for its tests: it would open one more driver before each benchmark.
        held = dict.fromkeys([*hidden, "contract_gate"]) | {"known_failures": {}, "__module__": case.__module__}
        return type(case.__name__, (OwnDriver, case), held)


class Collecting:
    """The hooks."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Module | pytest.Class, name: str, obj: object
    ) -> pytest.Class | None:
        """Take a class of the kit as what it configures."""
        if isinstance(obj, type) and issubclass(obj, StorageContract) and collector.istestclass(obj, name):
            return BenchmarkedClass.from_parent(collector, name=name)
        return None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out every test: whoever wants them runs without the option."""
        others = [item for item in items if not issubclass(getattr(item, "cls", None) or object, StorageBenchmarks)]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in others]
