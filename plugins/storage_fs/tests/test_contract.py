"""The storage kit, run on the filesystem driver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.files import bytes_below

from entrepot_contract.testing import StorageContract
from entrepot_storage_fs import FilesystemDriver


class TestFilesystem(StorageContract):
    driver_class = FilesystemDriver

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, object]:
        return {"rootdirectory": str(tmp_path)}

    @pytest.fixture
    def stored_bytes(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: bytes_below(tmp_path)
