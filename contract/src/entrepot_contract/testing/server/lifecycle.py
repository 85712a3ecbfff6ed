"""Tests of configuration and of the start."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from entrepot_contract.server import SERVER_CONTRACT_VERSION
from entrepot_contract.testing.configuring import refuses_wrong_options
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.server.base import ServerBase, Start
from entrepot_contract.testing.server.running import Running

__all__ = ["LifecycleContract"]


class LifecycleContract(ServerBase, ProcessBase):
    """Tests of construction and of the start."""

    @sentence("from_config", "Raises ConfigError if an option is unknown, missing or wrong.")
    def test_wrong_options_raise_config_errors(self, config: Mapping[str, object]) -> None:
        refuses_wrong_options(self.server_class, config)

    @sentence("__init__", "Store the options; open no socket, start no thread.")
    def test_construction_opens_nothing(self, config: Mapping[str, object], processes: Processes) -> None:
        assert processes.start().call("construct", config=config) == []

    @sentence("from_config", "Return a server for its section of the configuration.")
    @sentence("ServerDriver", "which are found by name in the entry-point group ``entrepot.server``.")
    def test_a_server_is_created_from_options(self, config: Mapping[str, object]) -> None:
        created = self.server_class.from_config(config)
        assert isinstance(created, self.server_class)
        assert created.name == self.server_class.name
        assert created.contract[0] == SERVER_CONTRACT_VERSION[0], "the major version must match"
        assert created.tls or not created.client_certificates, "client certificates require TLS"

    @sentence("serve", "Raises OSError if the address cannot be bound")
    def test_an_address_in_use_is_an_error_at_the_start(self, start: Start, server: Running) -> None:
        with pytest.raises(AssertionError, match=r"OSError.*Address already in use"):
            start(port=server.port)

    @sentence(
        "ServerSettings",
        "called once in the parent process, with the bound address, when connections are accepted.",
    )
    def test_on_ready_is_called_once_in_the_parent(self, start: Start) -> None:
        with start(workers=2) as server:
            assert server.get("/nothing").status == 204
            server.terminate()
            server.process.wait(20)
            assert server.ready() == [f"{server.process.pid} 127.0.0.1 {server.port}"]

    @sentence(
        "ApplicationFactory",
        "Creates the application; called once in every worker process, after the fork.",
    )
    def test_the_application_is_created_once_in_every_worker(self, start: Start) -> None:
        with start(workers=2) as server:
            expected = server.workers() if self.server_class.multiprocess else [server.process.pid]
            built = server.folder.joinpath("built").iterdir()
            assert sorted(int(file.name) for file in built) == sorted(expected)

    @sentence(
        "serve",
        "An exception of the factory at the start is raised, or logged and followed by an exit with a",
    )
    @sentence("serve", "status other than 0.")
    def test_an_application_that_cannot_be_created_ends_the_server(self, start: Start) -> None:
        with start(broken=True) as server:
            assert server.process.wait(20) != 0
            assert "the application cannot be built" in server.log()
