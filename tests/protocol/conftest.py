"""One server for each kind and configuration, started when a row first needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.services.registry import Registry

from protocol.servers import start_server


@pytest.fixture(scope="session")
def server_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], int]]:
    """Return the port of the server of a kind and a configuration."""
    running: dict[tuple[str, str], Registry] = {}

    def port(kind: str, flavour: str) -> int:
        if (kind, flavour) not in running:
            running[kind, flavour] = start_server(kind, flavour, tmp_path_factory.mktemp(f"{kind}-{flavour}"))
        return running[kind, flavour].port

    yield port
    for server in running.values():
        server.stop()
