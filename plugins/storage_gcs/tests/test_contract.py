"""The storage kit, run on the driver with fake-gcs-server and a service account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from support.services.gcs import Gcs
from support.services.network import HOST

from entrepot_contract.testing import StorageContract
from entrepot_storage_gcs import GcsDriver


@pytest.mark.fewer_calls("breaking", "losing", "pooled", "reconnecting", "secrecy")  # as on S3
class TestGcs(StorageContract):
    driver_class = GcsDriver
    known_failures: ClassVar[Mapping[str, str]] = {
        "test_signed_url_expires": "fake-gcs-server ignores X-Goog-Expires, which Cloud Storage enforces; "
        "fsouza/fake-gcs-server, `downloadObject`",
        **dict.fromkeys(
            ["test_signed_url_allows_no_writing", "test_signed_url_cannot_be_edited"],
            "fake-gcs-server does not check signatures, which Cloud Storage does; fsouza/fake-gcs-server",
        ),
    }

    @pytest.fixture
    def config(self, gcs: Gcs, bucket: str, account: dict[str, str]) -> dict[str, object]:
        return {"bucket": bucket, "endpoint": gcs.endpoint, "credentials": account, "chunksize": 2**20}

    @pytest.fixture
    def endpoint(self, gcs: Gcs) -> tuple[str, int]:
        return HOST, gcs.port

    @pytest.fixture
    def short_timeouts(self) -> dict[str, object]:
        return {"connecttimeout": 2, "readtimeout": 2}
