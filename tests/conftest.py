"""The registries and clients of the tests, and their logs beside a failure."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from services import containers, process
from services.ceph import Ceph
from services.client import Client
from services.containers import Skopeo
from services.distribution import distribution
from services.engine import docker_engine
from services.entrepot import SERVERS, entrepot
from services.programs import installed, need, need_root
from services.registry import Registry, write_config

PEER = "docker-registry"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that is emptied when the test ends: what these tests store is large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture(scope="session", params=[*SERVERS, PEER])
def each_registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One registry for many tests: entrepot with each server, and the peer, which tests the tests."""
    folder = tmp_path_factory.mktemp("registry")
    config = write_config(folder / "config.yml", folder / "data")
    peer = request.param == PEER
    registry = distribution(config, folder) if peer else entrepot(config, folder, server=request.param)
    try:
        if not peer or installed(PEER):
            registry.start()
        yield registry
    finally:
        registry.stop()
        shutil.rmtree(folder)


@pytest.fixture
def registry(request: pytest.FixtureRequest, each_registry: Registry) -> Registry:
    """A running registry, which other tests use too."""
    if each_registry.name == PEER:
        need(request, PEER)
    return each_registry


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """The name of a repository that no other test uses."""
    return re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture
def skopeo(request: pytest.FixtureRequest, folder: Path) -> Skopeo:
    """Skopeo."""
    need(request, "skopeo")
    return Skopeo(folder / "skopeo")


@pytest.fixture
def podman(request: pytest.FixtureRequest, folder: Path) -> Iterator[Client]:
    """Podman with storage of its own."""
    need(request, "podman")
    need_root(request, "keep podman's storage without user namespaces")
    with tempfile.TemporaryDirectory(prefix="podman-") as run:
        yield containers.podman(folder / "podman", Path(run))


@pytest.fixture
def buildah(request: pytest.FixtureRequest, folder: Path) -> Client:
    """Buildah with storage of its own."""
    need(request, "buildah")
    need_root(request, "keep buildah's storage without user namespaces")
    return containers.buildah(folder / "buildah")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The one Docker engine of all tests: its address."""
    folder = tmp_path_factory.mktemp("engine")
    with docker_engine(folder / "run") as host:
        yield host
    shutil.rmtree(folder)


@pytest.fixture
def docker(request: pytest.FixtureRequest, folder: Path) -> Client:
    """The docker command, against the one engine of all tests."""
    need(request, "docker", "dockerd")
    need_root(request, "run a Docker engine")
    host = request.getfixturevalue("engine")
    # The classic builder makes layers of COPY lines without BuildKit, which Debian does not package.
    return Client("docker", folder=folder / "docker", env={"DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"})


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """The one S3 server of all tests; ask for ``need_ceph`` with it."""
    with Ceph(memory=True) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every log beside a failure."""
    report = yield
    if report.failed:
        kept = [service for service in process.STARTED if service.log.exists()]
        report.sections.extend((f"log of {service.name}", service.tail()) for service in kept[-4:])
    if report.when == "teardown":
        process.STARTED[:] = [service for service in process.STARTED if service.running]
    return report
