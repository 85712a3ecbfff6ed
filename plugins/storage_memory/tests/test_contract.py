"""The memory driver under the storage contract."""

from __future__ import annotations

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_memory import MemoryDriver


class TestMemory(StorageContract):
    driver_class = MemoryDriver

    @pytest.fixture
    def config(self) -> dict[str, object]:
        return {}
