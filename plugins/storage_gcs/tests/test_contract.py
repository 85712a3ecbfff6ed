"""The driver under the storage contract, on fake-gcs-server and with a service account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from services.gcs import Gcs

from entrepot_contract.testing import StorageContract
from entrepot_storage_gcs import GcsDriver


class TestGcs(StorageContract):
    driver_class = GcsDriver
    known_failures: ClassVar[Mapping[str, str]] = {
        "test_signed_url_expires": "fake-gcs-server never looks at X-Goog-Expires, which Cloud Storage refuses when it is "
        "over; fsouza/fake-gcs-server, `downloadObject`",
    }

    @pytest.fixture
    def config(self, gcs: Gcs, bucket: str, account: dict[str, str]) -> dict[str, object]:
        return {"bucket": bucket, "endpoint": gcs.endpoint, "credentials": account, "chunksize": 2**20}
