"""One server for all tests, with a new bucket for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support.proxies.fault_proxy import FaultProxy
from support.services.gcs import Gcs, service_account

from entrepot_storage_gcs import GcsDriver

OpenDriver = Callable[..., GcsDriver]


@pytest.fixture(scope="session")
def gcs() -> Iterator[Gcs]:
    with Gcs(memory=True) as server:
        yield server


@pytest.fixture
def bucket(gcs: Gcs) -> str:
    return gcs.bucket(f"b{uuid4().hex}")


@pytest.fixture(scope="session")
def private_key() -> str:
    """A private key in the format of a service account's key file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@pytest.fixture(scope="session")
def account(private_key: str) -> dict[str, str]:
    """A service account that signs its own tokens, without a token server."""
    # In Google's default universe, google-auth requests a token from Google, and then the account's regions.
    return service_account(private_key) | {"universe_domain": "tests.invalid"}


@pytest.fixture
def proxy(gcs: Gcs) -> Iterator[FaultProxy]:
    with FaultProxy(gcs.port) as proxy:
        yield proxy


@pytest.fixture
def open_driver(proxy: FaultProxy, bucket: str) -> Iterator[OpenDriver]:
    """A function that opens a driver behind the proxy."""
    opened: list[GcsDriver] = []

    def open_one(**options: object) -> GcsDriver:
        endpoint = f"http://127.0.0.1:{proxy.port}"
        config = {"bucket": bucket, "endpoint": endpoint, **options}
        opened.append(GcsDriver.from_config(config))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.close()


@pytest.fixture
def driver(open_driver: OpenDriver) -> GcsDriver:
    return open_driver()
