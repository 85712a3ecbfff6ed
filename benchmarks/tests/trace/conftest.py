"""A real entrepot host on a filesystem, for replays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.targets.host import EntrepotHost

RUN = "bench-0123456789ab"


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the host."""
    return tmp_path_factory.mktemp("tree")


@pytest.fixture(scope="session")
def host(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A host for all tests."""
    backend = Backend("files", "filesystem", {"rootdirectory": str(tree)})
    started = EntrepotHost(backend, tmp_path_factory.mktemp("host") / "data", RUN)
    yield started
    started.close()


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    """The prefix of the repositories of a test."""
    return f"{RUN}/{request.node.name.replace('_', '-').split('[')[0][-60:].lstrip('-')}"
