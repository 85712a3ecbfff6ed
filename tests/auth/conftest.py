"""A registry for each authentication setup, a token server, and clients that trust their CA."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from support.certificates import CertificateAuthority
from support.proxies.tunnel import Tunnel
from support.services.distribution import distribution
from support.services.engine import docker_engine
from support.services.entrepot import entrepot
from support.services.network import HOST
from support.services.programs import installed, need, need_root
from support.services.registry import Registry, write_config
from support.services.token_server import TokenServer

from .accounts import Account, Docker, Podman, Skopeo
from .setups import PASSWORD, SERVICE, SETUPS, USER, Setup

PEER: Final = "docker-registry"
NAME: Final = "registry.test"
OTHER_NAME: Final = "other.test"
TOKENS: Final = "tokens.test"

OPEN: Final = "htpasswd-anonymous-pulls"
"""The setup in which docker behaves differently from podman and skopeo. It has a separate test."""

# docker-registry cannot issue tokens and has no anonymous access. In the other setups it validates the tests.
SITES: Final = [
    *((PEER, name) for name in ("htpasswd", "external", "external-x5c")),
    *(("entrepot", name) for name in SETUPS if name != OPEN),
]

ISSUING: Final = [("entrepot", name) for name in ("issuer", "anonymous-pulls")]


@dataclass(frozen=True)
class Site:
    """A registry with TLS. ``address`` matches its certificate; ``other`` is a name that the certificate does not
    include.
    """

    registry: Registry
    setup: Setup

    @property
    def address(self) -> str:
        return f"{NAME}:{self.registry.port}"

    @property
    def other(self) -> str:
        return f"{OTHER_NAME}:{self.registry.port}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The CA that every client trusts."""
    return CertificateAuthority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture(scope="session")
def tunnel() -> Iterator[Tunnel]:
    """The HTTP proxy that resolves the names of the registries."""
    with Tunnel((NAME, OTHER_NAME, TOKENS)) as running:
        yield running


@pytest.fixture(scope="session", params=SITES, ids="-".join)
def each_site(
    request: pytest.FixtureRequest, authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Start one registry, which is shared by many tests."""
    program, name = request.param
    setup = SETUPS[name]
    peer = program == PEER
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        users = {USER: PASSWORD}
        certificate, key = authority.server(NAME, HOST)
        external = {}
        if setup.external:
            tls = authority.server(TOKENS)
            tokens = TokenServer(folder, users, name=TOKENS, service=SERVICE, tls=tls, named=setup.external)
            external = stack.enter_context(tokens).options
        config = write_config(
            folder / "config.yml",
            folder / "data",
            http={"tls": {"certificate": str(certificate), "key": str(key)}, **({} if peer else {"workers": 1})},
            auth=setup.auth(folder, external),
            access=None if peer else setup.access,
        )
        if peer:
            registry = distribution(config, folder, ca=authority.ca_path)
        else:
            registry = entrepot(config, folder, server="granian", ca=authority.ca_path)
        stack.callback(registry.stop)
        if not peer or installed(PEER):
            registry.start()
        yield Site(registry, setup)


@pytest.fixture
def site(request: pytest.FixtureRequest, each_site: Site) -> Site:
    """Return a running registry, which is shared with other tests."""
    if each_site.registry.name == PEER:
        need(request, PEER)
    return each_site


@pytest.fixture(scope="session")
def trusting_engine(
    authority: CertificateAuthority, tunnel: Tunnel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Start a Docker engine that trusts only the CA, and return its address."""
    folder = tmp_path_factory.mktemp("trusting")
    with docker_engine(folder / "run", env={"SSL_CERT_FILE": str(authority.ca_path), **tunnel.env}) as host:
        yield host
    shutil.rmtree(folder)


@pytest.fixture(params=["docker", "podman", "skopeo"])
def account(
    request: pytest.FixtureRequest, folder: Path, authority: CertificateAuthority, tunnel: Tunnel
) -> Iterator[Account]:
    """Return each client in turn, without any login."""
    trusted = authority.ca_path.parent
    if request.param == "docker":
        need(request, "docker", "dockerd")
        need_root(request, "run a Docker engine")
        yield Docker(folder / "docker", request.getfixturevalue("trusting_engine"))
    elif request.param == "podman":
        need(request, "podman")
        need_root(request, "keep podman's storage without user namespaces")
        with tempfile.TemporaryDirectory(prefix="podman-") as run:
            yield Podman(folder / "podman", Path(run), trusted, tunnel.env)
    else:
        need(request, "skopeo")
        yield Skopeo(folder / "skopeo", trusted, tunnel.env)
