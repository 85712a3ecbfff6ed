"""The pytest plugin: the fixture ``registry`` and the marker that configures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from entrepot.testing.running import RunningRegistry

__all__ = ["pytest_configure", "registry", "registry_sections"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "registry(**sections): sections of the configuration of the fixture registry")


@pytest.fixture
def registry_sections(request: pytest.FixtureRequest) -> Mapping[str, object]:
    """Sections of the configuration of ``registry``, from the marker. A test module may override this fixture."""
    marker = request.node.get_closest_marker("registry")
    if marker is None:
        return {}
    if marker.args:
        raise pytest.UsageError("the marker registry takes keyword arguments, as in registry(storage={'inmemory': {}})")
    return dict(marker.kwargs)


@pytest.fixture
def registry(
    registry_sections: Mapping[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningRegistry]:
    """A separate registry for the test, on a free port of 127.0.0.1."""
    from entrepot.testing.running import RunningRegistry

    with RunningRegistry(tmp_path_factory.mktemp("registry"), registry_sections) as running:
        yield running
