"""The storage kit, run on the driver with every kind of filesystem that it distinguishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]  # fsspec ships no types
from support.files import bytes_below
from support.services.network import HOST

from entrepot_contract.testing import StorageContract
from entrepot_storage_fsspec import FsspecDriver

from .sftp import Sftp


@pytest.mark.fewer_calls  # as many calls as the filesystem driver makes, which runs all
class TestLocal(StorageContract):
    driver_class = FsspecDriver

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, object]:
        return {"protocol": "local", "rootdirectory": str(tmp_path / "root")}

    @pytest.fixture
    def stored_bytes(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: bytes_below(tmp_path / "root")


@pytest.mark.reduced
class TestMemory(StorageContract):
    driver_class = FsspecDriver

    @pytest.fixture
    def config(self) -> Iterator[dict[str, object]]:
        yield {"protocol": "memory", "rootdirectory": f"/{uuid4().hex}"}
        MemoryFileSystem.store.clear()


@pytest.mark.reduced
class TestSftp(StorageContract):
    driver_class = FsspecDriver

    @pytest.fixture
    def config(self, sftp: Sftp) -> dict[str, object]:
        return sftp.config()

    @pytest.fixture
    def endpoint(self, sftp: Sftp) -> tuple[str, int]:
        return HOST, sftp.port

    @pytest.fixture
    def short_timeouts(self) -> dict[str, object]:
        return {"timeout": 2}

    @pytest.fixture
    def denied(self, sftp: Sftp, config: dict[str, object]) -> dict[str, object]:
        return {**config, "storage_options": sftp.config(username="nobody")["storage_options"]}
