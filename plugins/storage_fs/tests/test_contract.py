"""The storage kit, run on the filesystem driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_storage_fs import FilesystemDriver


class TestFilesystem(StorageContract):
    driver_class = FilesystemDriver

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, object]:
        return {"rootdirectory": str(tmp_path)}
