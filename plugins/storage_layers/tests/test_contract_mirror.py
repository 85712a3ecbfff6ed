"""``mirror`` under the storage contract, over drivers that are shared or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_layers import MirrorDriver


class TestMirrorOverFiles(StorageContract):
    driver_class = MirrorDriver
    inner = "filesystem"

    @pytest.fixture
    def config(self, over: Mapping[str, object], files: Callable[[str], object]) -> Mapping[str, object]:
        return {"first": over, "second": files("second")}


class TestMirrorOverMemory(StorageContract):
    driver_class = MirrorDriver

    @pytest.fixture
    def config(self) -> Mapping[str, object]:
        return {"first": {"inmemory": {}}, "second": {"inmemory": {}}}
