"""``encrypt`` and ``chaos`` under the storage contract, over drivers that are shared or not, and over each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_layers import ChaosDriver, EncryptDriver


class TestChaosOverFiles(StorageContract):
    driver_class = ChaosDriver
    inner = "filesystem"

    @pytest.fixture
    def config(self, over: Mapping[str, object]) -> Mapping[str, object]:
        nothing = {"probability": 0.0, "error": "unavailable"}
        return {"inner": over, "seed": 1, "faults": {"put": nothing, "read": nothing, "upload_append": [nothing]}}


class TestChaosOverMemory(TestChaosOverFiles):
    inner = "inmemory"


class TestEncryptOverFiles(StorageContract):
    driver_class = EncryptDriver
    inner = "filesystem"

    @pytest.fixture
    def config(self, over: Mapping[str, object], keyfile: str) -> Mapping[str, object]:
        return {"inner": over, "keyfile": keyfile}


class TestEncryptOverMemory(TestEncryptOverFiles):
    inner = "inmemory"


class TestEncryptOverChaosOverFiles(StorageContract):
    driver_class = EncryptDriver
    inner = "filesystem"

    @pytest.fixture
    def config(self, over: Mapping[str, object], keyfile: str) -> Mapping[str, object]:
        return {"inner": {"chaos": {"inner": over}}, "keyfile": keyfile}
