"""One Ceph and one moto for all tests of the driver; every test uses its own bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services import ceph as ceph_service
from support.services.ceph import Ceph
from support.services.moto import Moto
from support.services.programs import need
from support.services.s3 import s3_options

from entrepot_storage_s3 import S3Driver

OpenDriver = Callable[..., S3Driver]


@pytest.fixture(scope="session")
def running_ceph() -> Iterator[Ceph]:
    """Ceph; use ``ceph`` instead, which skips a test if it is not installed."""
    with Ceph(memory=True) as running:
        yield running


@pytest.fixture
def ceph(request: pytest.FixtureRequest) -> Ceph:
    """A real S3 server."""
    need(request, *ceph_service.PROGRAMS)
    running: Ceph = request.getfixturevalue("running_ceph")
    return running


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """A mock of S3, for responses that differ between Ceph and Amazon."""
    with Moto() as running:
        yield running


@pytest.fixture
def options(ceph: Ceph) -> dict[str, object]:
    """The options of the driver for a new bucket on Ceph."""
    return s3_options(ceph)


@pytest.fixture
def proxy(ceph: Ceph) -> Iterator[FaultProxy]:
    """A proxy in front of Ceph."""
    with FaultProxy(ceph.port) as proxy:
        yield proxy


@pytest.fixture
def open_driver(proxy: FaultProxy, options: dict[str, object]) -> Iterator[OpenDriver]:
    """A function that opens a driver behind the proxy."""
    opened: list[S3Driver] = []

    def open_one(**changed: object) -> S3Driver:
        endpoint = {"regionendpoint": f"http://127.0.0.1:{proxy.port}"}
        opened.append(S3Driver.from_config(options | endpoint | changed))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.close()


@pytest.fixture
def driver(open_driver: OpenDriver) -> S3Driver:
    return open_driver()
