"""A host for one test, which may kill, overload and stop it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.services.entrepot import SERVERS, entrepot
from support.services.registry import Registry, write_config

DRAIN_SECONDS = 4


@pytest.fixture
def root(folder: Path) -> Path:
    """Return the directory of the store."""
    return folder / "data"


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """Return the name of the host's server."""
    return str(request.param)


@pytest.fixture
def host(server: str, root: Path, folder: Path) -> Iterator[Registry]:
    """Start entrepot."""
    config = write_config(folder / "config.yml", root, http={"draintimeout": f"{DRAIN_SECONDS}s"})
    with entrepot(config, folder / "host", server=server) as registry:
        yield registry


@pytest.fixture(scope="module", params=SERVERS)
def steady_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Start entrepot for all tests of a file, which must not stop it."""
    folder = tmp_path_factory.mktemp("steady")
    with entrepot(
        write_config(folder / "config.yml", folder / "data"), folder / "host", server=request.param
    ) as registry:
        yield registry
    shutil.rmtree(folder)
