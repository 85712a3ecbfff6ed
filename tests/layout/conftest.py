"""Docker Distribution and entrepot with one directory and one configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.services.distribution import distribution
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import Registry, write_config


@pytest.fixture
def root(folder: Path) -> Path:
    """Return the directory that both registries use."""
    return folder / "data"


@pytest.fixture
def config(folder: Path, root: Path) -> Path:
    """Return the configuration that both registries read."""
    return write_config(folder / "config.yml", root)


@pytest.fixture
def peer(request: pytest.FixtureRequest, config: Path, folder: Path) -> Iterator[Registry]:
    """Start Docker Distribution."""
    need(request, "docker-registry")
    with distribution(config, folder / "peer") as registry:
        yield registry


@pytest.fixture
def ours(config: Path, folder: Path) -> Iterator[Registry]:
    """Start entrepot."""
    one = {"REGISTRY_HTTP_WORKERS": "1"}  # docker-registry rejects the key
    with entrepot(config, folder / "ours", server="granian", env=one) as registry:
        yield registry
