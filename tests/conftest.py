"""Fixtures for registries and clients, and their logs in failure reports."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from support import containers
from support.client import Client
from support.containers import Skopeo
from support.services import process
from support.services.ceph import Ceph
from support.services.distribution import distribution
from support.services.engine import docker_engine
from support.services.entrepot import SERVERS, entrepot
from support.services.programs import installed, need, need_root
from support.services.registry import Registry, write_config

PEER = "docker-registry"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a directory that is deleted after the test, because these tests store large files."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture(scope="session", params=[*SERVERS, PEER])
def each_registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Start one registry for many tests: entrepot with each server, and docker-registry, which validates the tests."""
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
    """Return a running registry, which is shared with other tests."""
    if each_registry.name == PEER:
        need(request, PEER)
    return each_registry


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """Return the name of a repository that no other test uses."""
    return re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture
def skopeo(request: pytest.FixtureRequest, folder: Path) -> Skopeo:
    """Return skopeo."""
    need(request, "skopeo")
    return Skopeo(folder / "skopeo")


@pytest.fixture
def podman(request: pytest.FixtureRequest, folder: Path) -> Iterator[Client]:
    """Return podman with its own storage."""
    need(request, "podman")
    need_root(request, "keep podman's storage without user namespaces")
    with tempfile.TemporaryDirectory(prefix="podman-") as run:
        yield containers.podman(folder / "podman", Path(run))


@pytest.fixture
def buildah(request: pytest.FixtureRequest, folder: Path) -> Client:
    """Return buildah with its own storage."""
    need(request, "buildah")
    need_root(request, "keep buildah's storage without user namespaces")
    return containers.buildah(folder / "buildah")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the Docker engine that is shared by all tests, and return its address."""
    folder = tmp_path_factory.mktemp("engine")
    with docker_engine(folder / "run") as host:
        yield host
    shutil.rmtree(folder)


@pytest.fixture
def docker(request: pytest.FixtureRequest, folder: Path) -> Client:
    """Return the docker command, which uses the shared engine."""
    need(request, "docker", "dockerd")
    need_root(request, "run a Docker engine")
    host = request.getfixturevalue("engine")
    # The classic builder creates layers from COPY lines without BuildKit, which Debian does not package.
    return Client("docker", folder=folder / "docker", env={"DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"})


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """Start the S3 server that is shared by all tests. Use it together with ``need_ceph``."""
    with Ceph(memory=True) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the logs to the report of a failure, beginning with the program that started last."""
    report = yield
    if report.failed:
        kept = [service for service in process.STARTED if service.log.exists()]
        report.sections.extend((f"log of {service.name}", service.tail()) for service in kept[:-5:-1])
    if report.when == "teardown":
        process.STARTED[:] = [service for service in process.STARTED if service.running]
    return report
