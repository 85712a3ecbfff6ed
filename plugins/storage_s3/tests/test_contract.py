"""The storage kit, run on the S3 driver with a real server and with a mock."""

from __future__ import annotations

from typing import ClassVar

import pytest
from support.services.ceph import Ceph
from support.services.moto import Moto
from support.services.network import HOST
from support.services.s3 import s3_options

from entrepot_contract.testing import StorageContract
from entrepot_storage_s3 import S3Driver


@pytest.mark.slow
@pytest.mark.fewer_calls
class TestS3OnCeph(StorageContract):
    driver_class = S3Driver

    @pytest.fixture
    def config(self, ceph: Ceph) -> dict[str, object]:
        return s3_options(ceph)

    @pytest.fixture
    def endpoint(self, ceph: Ceph) -> tuple[str, int]:
        return HOST, ceph.port

    @pytest.fixture
    def short_timeouts(self) -> dict[str, object]:
        return {"connecttimeout": 2, "readtimeout": 2}

    @pytest.fixture
    def denied(self, config: dict[str, object]) -> dict[str, object]:
        return {**config, "secretkey": "another-key-of-the-tests"}


@pytest.mark.slow
@pytest.mark.reduced("put", "move", "delete", "upload", "commit")  # where its conditional writes are used
class TestS3OnMoto(StorageContract):
    driver_class = S3Driver
    known_failures: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            ["test_signed_url_expires", "test_signed_url_allows_no_writing", "test_signed_url_cannot_be_edited"],
            "moto serves every request with a signed URL: its server does not check signatures (moto, S3)",
        ),
        **dict.fromkeys(
            (f"test_an_abort_ends_a_running_append[{thread}-1.5]" for thread in ("same-thread", "other-thread")),
            "moto answers a part of an aborted upload with 500, where S3 answers 404 NoSuchUpload (moto, UploadPart)",
        ),
    }

    @pytest.fixture
    def config(self, moto: Moto) -> dict[str, object]:
        return s3_options(moto)
