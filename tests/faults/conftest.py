"""A host of the test's own, which it may kill, starve and stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from services.entrepot import SERVERS, entrepot
from services.registry import Registry, write_config

DRAIN_SECONDS = 4


@pytest.fixture
def root(folder: Path) -> Path:
    """The directory that the host stores in."""
    return folder / "data"


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """The name of the host's server."""
    return str(request.param)


@pytest.fixture
def host(server: str, root: Path, folder: Path) -> Iterator[Registry]:
    """Entrepot, running."""
    config = write_config(folder / "config.yml", root, http={"draintimeout": f"{DRAIN_SECONDS}s"})
    registry = entrepot(config, folder / "host", server=server)
    try:
        registry.start()
        yield registry
    finally:
        registry.stop()
