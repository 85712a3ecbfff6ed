"""The base class of the server kit, which starts servers with the echo application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from entrepot_contract.server import ServerDriver
from entrepot_contract.testing.base import KitBase, stop
from entrepot_contract.testing.server.messages import CLOSE
from entrepot_contract.testing.server.messages import request as head
from entrepot_contract.testing.server.running import Running

__all__ = ["ServerBase", "Start"]


class Start(Protocol):
    """A function that starts a server; see Running for the settings."""

    def __call__(self, **settings: object) -> Running: ...


class ServerBase(KitBase):
    """Starts servers in child processes with ``server_class.from_config(config)``, as often as a test needs."""

    contract_kit = "server"
    under_test = "server_class"
    its_own = frozenset({"config", "detects_truncated_chunks"})

    server_class: ClassVar[type[ServerDriver]]
    """The server under test."""

    detects_truncated_chunks: ClassVar[bool] = True
    """Whether the server detects truncated chunked bodies; otherwise its documentation must state that it does not."""

    @pytest.fixture(scope="class")
    @classmethod
    def config(cls) -> Mapping[str, object]:
        """The server's options: JSON values, the same for all tests of the class."""
        return {}

    @pytest.fixture
    def shown(self) -> Mapping[str, object]:
        """The capabilities of the server, as shown in the report."""
        names = ("multiprocess", "tls", "client_certificates")
        claims = {name: getattr(self.server_class, name) for name in names}
        return {**claims, "detects_truncated_chunks": self.detects_truncated_chunks}

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory, config: Mapping[str, object]) -> Iterator[Running]:
        """A server that several tests use."""
        with Running(cls.server_class, tmp_path_factory.mktemp("server") / "run", config) as running:
            yield running

    @pytest.fixture
    def start(self, tmp_path: Path, config: Mapping[str, object]) -> Iterator[Start]:
        """A function that starts another server, which is a context manager; all are stopped after the test."""
        numbers = count()
        with ExitStack() as started:

            def run(**settings: object) -> Running:
                running = Running(self.server_class, tmp_path / f"run-{next(numbers)}", config, **settings)
                return started.enter_context(running)

            yield run

    @pytest.fixture
    def streamed(self, request: pytest.FixtureRequest, server: Running) -> None:
        """Skip a test if the server calls the application only after it has received the complete body."""
        with server.connect() as connection:
            connection.settimeout(2)
            connection.sendall(head("PUT", "/refuse", b"Content-Length: 3") + CLOSE)
            try:
                connection.recv(1)
            except TimeoutError:
                stop(request, "not-claimed", "the server receives complete bodies")
