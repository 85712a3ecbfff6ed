"""The storage kit, run on the memory driver."""

from __future__ import annotations

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_memory import MemoryDriver


class TestMemory(StorageContract):
    driver_class = MemoryDriver

    @pytest.fixture
    def config(self) -> dict[str, object]:
        return {}
