"""The test kit of the storage contract; see the README of entrepot-contract.

from entrepot_contract.testing import StorageContract

class TestFilesystem(StorageContract):
    driver_class = FilesystemDriver

    @pytest.fixture
    def config(self, tmp_path):
        return {"folder": str(tmp_path)}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entrepot_contract.testing.storage import StorageContract

__all__ = ["StorageContract"]


def __getattr__(name: str) -> object:
    """Load the kit when it is asked for: pytest imports this package in every run, for its plugin."""
    if name == "StorageContract":
        from entrepot_contract.testing.storage import StorageContract

        return StorageContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
