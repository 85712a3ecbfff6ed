"""The storage kit, run on the Azure driver."""

from __future__ import annotations

import base64

import pytest
from support.services.azurite import Azurite
from support.services.network import HOST

from entrepot_contract.testing import StorageContract
from entrepot_storage_azure import AzureDriver


@pytest.mark.fewer_calls("breaking", "losing", "pooled", "reconnecting", "secrecy")  # as on S3
class TestAzure(StorageContract):
    driver_class = AzureDriver

    @pytest.fixture
    def config(self, config: dict[str, object]) -> dict[str, object]:
        """The driver's options for a new container, below a root directory."""
        return config | {"rootdirectory": "some/where"}

    @pytest.fixture
    def endpoint(self, azurite: Azurite) -> tuple[str, int]:
        return HOST, azurite.port

    @pytest.fixture
    def short_timeouts(self) -> dict[str, object]:
        return {"connecttimeout": 2, "readtimeout": 2}

    @pytest.fixture
    def denied(self, config: dict[str, object]) -> dict[str, object]:
        return {**config, "accountkey": base64.b64encode(b"another key of the tests").decode()}
