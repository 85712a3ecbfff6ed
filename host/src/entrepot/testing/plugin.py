"""The pytest plugin: the fixture ``registry`` and the marker that configures it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from entrepot.testing.running import RunningRegistry

__all__ = ["pytest_configure", "registry"]


def pytest_configure(config: pytest.Config) -> None:
    """Let the marker be known."""
    config.addinivalue_line("markers", "registry(**sections): sections of the configuration of the fixture registry")


@pytest.fixture
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningRegistry]:
    """A registry of its own for the test, on a free port of 127.0.0.1."""
    from entrepot.testing.running import RunningRegistry

    marker = request.node.get_closest_marker("registry")
    with RunningRegistry(tmp_path, {} if marker is None else marker.kwargs) as running:
        yield running
