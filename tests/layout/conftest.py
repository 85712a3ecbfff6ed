"""Docker Distribution and entrepot side by side on one directory, with one configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from services.distribution import distribution
from services.entrepot import entrepot
from services.programs import need
from services.registry import Registry, write_config


@pytest.fixture
def root(folder: Path) -> Path:
    """The directory that both registries store in."""
    return folder / "data"


@pytest.fixture
def config(folder: Path, root: Path) -> Path:
    """The configuration that both registries read."""
    return write_config(folder / "config.yml", root)


@pytest.fixture
def peer(request: pytest.FixtureRequest, config: Path, folder: Path) -> Iterator[Registry]:
    """Docker Distribution, running."""
    need(request, "docker-registry")
    registry = distribution(config, folder / "peer")
    try:
        registry.start()
        yield registry
    finally:
        registry.stop()


@pytest.fixture
def ours(config: Path, folder: Path) -> Iterator[Registry]:
    """Entrepot, running."""
    registry = entrepot(config, folder / "ours", server="granian")
    try:
        registry.start()
        yield registry
    finally:
        registry.stop()


@pytest.fixture(params=["written by docker-registry", "written by entrepot"])
def pair(request: pytest.FixtureRequest, peer: Registry, ours: Registry) -> tuple[Registry, Registry]:
    """The registry that writes, and the one that reads."""
    return (peer, ours) if request.param == "written by docker-registry" else (ours, peer)
