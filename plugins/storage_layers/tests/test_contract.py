"""The storage kit, run on every layer over a shared driver, and on nested layers over one that is not shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.files import bytes_below

from entrepot_contract.testing import StorageContract
from entrepot_storage_layers import CacheDriver, ChaosDriver, EncryptDriver, MirrorDriver

PLACES = ("onto_a_prefix", "below_an_object")
WRITES = ("put", "create", "commit", "own-commit")

Files = Callable[[str], Mapping[str, object]]


class OverFiles(StorageContract):
    @pytest.fixture
    def stored_bytes(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: bytes_below(tmp_path)


@pytest.mark.fewer_calls  # as many calls as TestEncryptOverFiles makes, which runs all
class TestChaosOverFiles(OverFiles):
    driver_class = ChaosDriver

    @pytest.fixture
    def config(self, files: Files) -> Mapping[str, object]:
        nothing = {"probability": 0.0, "error": "unavailable"}
        faults = {"put": nothing, "read": nothing, "upload_append": [nothing]}
        return {"inner": files("inner"), "seed": 1, "faults": faults}


class TestEncryptOverFiles(OverFiles):
    driver_class = EncryptDriver

    @pytest.fixture
    def config(self, files: Files, keyfile: str) -> Mapping[str, object]:
        return {"inner": files("inner"), "keyfile": keyfile}


@pytest.mark.fewer_calls  # as many calls as TestEncryptOverFiles makes, which runs all
class TestCacheOverFiles(OverFiles):
    driver_class = CacheDriver

    @pytest.fixture
    def config(self, files: Files) -> Mapping[str, object]:
        return {"fast": {"inmemory": {}}, "slow": files("slow"), "size": 1_000_000}


@pytest.mark.fewer_calls  # as many calls as TestEncryptOverFiles makes, which runs all
class TestMirrorOverFiles(OverFiles):
    driver_class = MirrorDriver

    @pytest.fixture
    def config(self, files: Files) -> Mapping[str, object]:
        return {"first": files("first"), "second": files("second")}

    @pytest.fixture
    def stored_bytes(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: max(bytes_below(tmp_path / side) for side in ("first", "second"))


@pytest.mark.reduced
class TestMirrorOfUnlikeSides(StorageContract):
    driver_class = MirrorDriver
    known_failures = dict.fromkeys(
        [f"test_writing_{where}_changes_nothing_else[{write}]" for where in PLACES for write in WRITES],
        "the first side, a store without directories, accepts a key that the second, a filesystem, refuses (issue 18)",
    )

    @pytest.fixture
    def config(self, files: Files, keyfile: str) -> Mapping[str, object]:
        slow = {"encrypt": {"inner": {"inmemory": {}}, "keyfile": keyfile}}
        return {"first": {"cache": {"fast": {"inmemory": {}}, "slow": slow}}, "second": files("second")}
