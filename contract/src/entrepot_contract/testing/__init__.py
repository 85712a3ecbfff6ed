"""The test kits of the contracts; see the README of entrepot-contract.

from entrepot_contract.testing import StorageContract

class TestFilesystem(StorageContract):
    driver_class = FilesystemDriver

    @pytest.fixture
    def config(self, tmp_path):
        return {"folder": str(tmp_path)}

from entrepot_contract.testing import AuthenticatorContract, basic

class TestUsersOfAFile(AuthenticatorContract):
    authenticator_class = FileAuthenticator

    @pytest.fixture
    def config(self, tmp_path):
        return {"path": write_users(tmp_path)}

    @pytest.fixture
    def accepted(self):
        return [(basic("alice", "wonderland"), "alice")]

    @pytest.fixture
    def refused(self):
        return [basic("alice", "looking-glass"), basic("nobody", "wonderland")]

from entrepot_contract.testing import SinkContract

class TestLinesOfAFile(SinkContract):
    sink_class = LinesSink

    @pytest.fixture
    def config(self, tmp_path):
        return {"path": str(tmp_path / "events")}

    @pytest.fixture
    def received(self, tmp_path):
        return lambda: ids_of(tmp_path / "events")

    @pytest.fixture
    def unreachable(self, tmp_path):
        return {"path": str(tmp_path / "missing" / "events")}

from entrepot_contract.testing import ServerContract

class TestThreads(ServerContract):
    server_class = ThreadsServer
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from entrepot_contract.testing.auth import AuthenticatorContract
    from entrepot_contract.testing.auth.credentials import basic, bearer
    from entrepot_contract.testing.notify import SinkContract
    from entrepot_contract.testing.server.kit import ServerContract
    from entrepot_contract.testing.storage import StorageContract

__all__ = ["AuthenticatorContract", "ServerContract", "SinkContract", "StorageContract", "basic", "bearer"]

_PLACES: Final = {
    "AuthenticatorContract": "entrepot_contract.testing.auth",
    "ServerContract": "entrepot_contract.testing.server.kit",
    "SinkContract": "entrepot_contract.testing.notify",
    "StorageContract": "entrepot_contract.testing.storage",
    "basic": "entrepot_contract.testing.auth.credentials",
    "bearer": "entrepot_contract.testing.auth.credentials",
}


def __getattr__(name: str) -> object:
    """Import a kit on first use: pytest imports this package in every run, because of its plugin."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
