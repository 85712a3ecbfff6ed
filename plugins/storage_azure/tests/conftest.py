"""One Azurite for all tests, a new container for each, and a proxy that counts requests and injects failures."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Protocol

import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.azurite import ACCOUNT, PROGRAM, Azurite
from support.services.programs import need

from entrepot_storage_azure import AzureDriver


class OpenDriver(Protocol):
    """Opens a driver behind the proxy, with additional options; it is closed after the test."""

    def __call__(self, **options: object) -> AzureDriver: ...


@pytest.fixture(scope="session")
def running_azurite() -> Iterator[Azurite]:
    azurite = Azurite(memory=True)
    with pytest.MonkeyPatch.context() as patch:
        # The SDK calls uuid1 for each request, and libuuid keeps a file open for each thread that called it. The kit
        # starts thousands of threads, and select() in the proxies accepts 1,024 files.
        patch.setattr(uuid, "_generate_time_safe", None, raising=False)
        yield azurite
    azurite.close()


@pytest.fixture
def azurite(request: pytest.FixtureRequest, running_azurite: Azurite) -> Azurite:
    """Azurite, shared with other tests."""
    need(request, PROGRAM)
    if not running_azurite.running:
        running_azurite.start()
    return running_azurite


@pytest.fixture
def config(azurite: Azurite) -> dict[str, object]:
    """The driver's options for a new container."""
    return azurite.options(azurite.container(f"test-{uuid.uuid4().hex}"))


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[FaultProxy]:
    with FaultProxy(azurite.port) as proxy:
        yield proxy


@pytest.fixture
def open_driver(config: dict[str, object], proxy: FaultProxy) -> Iterator[OpenDriver]:
    opened: list[AzureDriver] = []
    url = f"http://127.0.0.1:{proxy.port}/{ACCOUNT}"

    def open_one(**options: object) -> AzureDriver:
        given = {**config, "serviceurl": url, "retry_delay": "10ms", **options}
        opened.append(AzureDriver.from_config({name: value for name, value in given.items() if value is not None}))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.close()


@pytest.fixture
def driver(open_driver: OpenDriver) -> AzureDriver:
    """A driver behind the proxy."""
    return open_driver()
