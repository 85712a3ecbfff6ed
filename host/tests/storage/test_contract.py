"""The wrapper itself fulfils the whole contract: a driver also passes the kit through it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import pytest

from entrepot.storage import CheckedDriver
from entrepot_contract.testing import StorageContract
from entrepot_storage_memory import MemoryDriver


class CheckedMemory(CheckedDriver):
    name = MemoryDriver.name

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        return cls(MemoryDriver.from_config(config))


@pytest.mark.reduced
class TestCheckedMemory(StorageContract):
    driver_class = CheckedMemory

    @pytest.fixture
    def config(self) -> dict[str, object]:
        return {}
