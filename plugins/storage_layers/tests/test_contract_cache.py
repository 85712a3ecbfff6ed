"""``cache`` under the storage contract, in front of drivers that are shared or not, and of ``encrypt``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_layers import CacheDriver


class TestCacheOverFiles(StorageContract):
    driver_class = CacheDriver
    inner = "filesystem"

    @pytest.fixture
    def config(self, over: Mapping[str, object], files: Callable[[str], object]) -> Mapping[str, object]:
        return {"fast": files("fast"), "slow": over, "size": 1_000_000}


class TestCacheOverMemory(TestCacheOverFiles):
    inner = "inmemory"


class TestCacheOfEncryptOverFiles(StorageContract):
    driver_class = CacheDriver
    inner = "filesystem"

    @pytest.fixture
    def config(self, over: Mapping[str, object], keyfile: str) -> Mapping[str, object]:
        return {"fast": {"inmemory": {}}, "slow": {"encrypt": {"inner": over, "keyfile": keyfile}}}
