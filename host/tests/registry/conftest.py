"""Fixtures: an in-memory storage, and processes of the host that use it."""

from __future__ import annotations

import pytest
from support.host import Process, memory

from entrepot_contract import StorageDriver


@pytest.fixture
def driver() -> StorageDriver:
    return memory()


@pytest.fixture
def host(driver: StorageDriver) -> Process:
    return Process(driver)


@pytest.fixture
def other(driver: StorageDriver) -> Process:
    """A second process with the same storage."""
    return Process(driver)
