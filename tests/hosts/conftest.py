"""Two hosts on one store, behind haproxy with round-robin balancing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from support.services.ceph import PROGRAMS
from support.services.entrepot import entrepot
from support.services.haproxy import haproxy
from support.services.programs import need
from support.services.registry import write_config
from support.services.s3 import s3_options

from .pair import Hosts

# Hosts with different servers can share a store.
STORES: Final = (("filesystem", "granian", "waitress"), ("s3", "granian", "granian"))


@pytest.fixture(scope="session", params=STORES, ids=" ".join)
def hosts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Start two hosts with one store and one secret. A test that stops a host starts it again."""
    store, *servers = request.param
    need(request, "haproxy", *(PROGRAMS if store == "s3" else ()))
    folder = tmp_path_factory.mktemp("hosts")
    config = write_config(folder / "config.yml", _store(request, store, folder), http={"workers": 1})
    a, b = (entrepot(config, folder / f"host{number}", server=server) for number, server in enumerate(servers, 1))
    hosts = Hosts(haproxy((a, b), folder / "haproxy"), a, b)
    try:
        for registry in (a, b, hosts.front):
            registry.start()
        yield hosts
    finally:
        for registry in (hosts.front, a, b):
            registry.stop()
        shutil.rmtree(folder)


def _store(request: pytest.FixtureRequest, store: str, folder: Path) -> Path | Mapping[str, object]:
    if store == "filesystem":
        return folder / "data"
    # Redirects are disabled, so that the hosts serve the content themselves and must agree on it.
    return {"s3": s3_options(request.getfixturevalue("ceph")), "redirect": {"disable": True}}
