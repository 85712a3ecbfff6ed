"""A real entrepot host on files, which replays load."""

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
    """Where the host keeps what is pushed."""
    return tmp_path_factory.mktemp("tree")


@pytest.fixture(scope="session")
def host(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The host, for all tests."""
    backend = Backend("files", "filesystem", {"rootdirectory": str(tree)})
    started = EntrepotHost(backend, tmp_path_factory.mktemp("host") / "data", RUN)
    yield started
    started.close()


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    """What the repositories of one test begin with."""
    return f"{RUN}/{request.node.name.replace('_', '-').split('[')[0][-60:].lstrip('-')}"
