"""The proxies configured in ``deploy/``, each in front of two hosts on one directory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from support.services.entrepot import entrepot
from support.services.haproxy import haproxy
from support.services.nginx import nginx
from support.services.programs import need
from support.services.registry import Registry, write_config


@pytest.fixture(scope="module", params=[haproxy, nginx], ids=lambda start: start.__name__)
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The registry as seen by its clients."""
    need(request, request.param.__name__)
    folder = tmp_path_factory.mktemp("deploy")
    config = write_config(folder / "config.yml", folder / "data", http={"workers": 1})
    hosts = [entrepot(config, folder / f"host{number}", server="granian") for number in (1, 2)]
    proxy: Registry = request.param(hosts, folder / "proxy")
    try:
        for registry in (*hosts, proxy):
            registry.start()
        yield proxy
    finally:
        for registry in (proxy, *hosts):
            registry.stop()
        shutil.rmtree(folder)
