"""The kit, run on a correct driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from contract.tests import honest

from entrepot_contract.testing import StorageContract


class TestHonest(StorageContract):
    driver_class = honest.HonestDriver

    @pytest.fixture
    def config(self, tmp_path: Path) -> Mapping[str, object]:
        return honest.config(tmp_path)

    @pytest.fixture
    def stored_bytes(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: honest.stored_bytes(tmp_path)
