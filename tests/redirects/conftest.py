"""A host with a driver that signs URLs: Ceph, behind a proxy that records the requests of clients."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.ceph import PROGRAMS, Ceph
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import Registry, write_config
from support.services.s3 import s3_options


@dataclass(frozen=True)
class Redirecting:
    """One store, a host that redirects to it, another that does not, and the proxy in front of the store."""

    host: Registry
    streaming: Registry
    store: FaultProxy

    def fetched(self) -> list[str]:
        """Return the signed URLs that were requested since the last call, without the host."""
        found = [target for method, target, status in self.store.requests if "X-Amz-Signature" in target]
        self.store.clear()
        return found


@pytest.fixture(scope="session")
def redirecting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redirecting]:
    """Start two hosts on one bucket."""
    need(request, *PROGRAMS)
    ceph: Ceph = request.getfixturevalue("ceph")
    folder = tmp_path_factory.mktemp("redirects")
    with FaultProxy(ceph.port) as proxy:
        s3 = s3_options(ceph, port=proxy.port)
        hosts = []
        for name, redirect in (("redirecting", {}), ("streaming", {"redirect": {"disable": True}})):
            config = write_config(folder / f"{name}.yml", {"s3": s3, **redirect}, http={"workers": 1})
            hosts.append(entrepot(config, folder / name, server="granian"))
        try:
            for one in hosts:
                one.start()
            host, streaming = hosts
            yield Redirecting(host, streaming, proxy)
        finally:
            for one in hosts:
                one.stop()
            shutil.rmtree(folder)
