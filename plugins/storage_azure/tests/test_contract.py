"""The storage kit, run on the Azure driver."""

from __future__ import annotations

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_azure import AzureDriver


class TestAzure(StorageContract):
    driver_class = AzureDriver

    @pytest.fixture
    def config(self, config: dict[str, object]) -> dict[str, object]:
        """The driver's options for a new container, below a root directory."""
        return config | {"rootdirectory": "some/where"}
