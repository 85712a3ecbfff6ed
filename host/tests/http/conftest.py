"""A storage in memory, and processes of the host upon it."""

from __future__ import annotations

import pytest
from host.tests.registry.process import Process, memory

from entrepot_contract import StorageDriver


@pytest.fixture
def driver() -> StorageDriver:
    return memory()


@pytest.fixture
def host(driver: StorageDriver) -> Process:
    return Process(driver)
