"""One Azurite for all tests, and a container of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from services.azurite import PROGRAM, Azurite
from services.programs import need

from entrepot_storage_azure import AzureDriver


@pytest.fixture(scope="session")
def running_azurite() -> Iterator[Azurite]:
    azurite = Azurite()
    yield azurite
    azurite.close()


@pytest.fixture
def azurite(request: pytest.FixtureRequest, running_azurite: Azurite) -> Azurite:
    """Azurite, which other tests use too."""
    need(request, PROGRAM)
    if not running_azurite.running:
        running_azurite.start()
    return running_azurite


@pytest.fixture
def config(azurite: Azurite) -> dict[str, object]:
    """The driver's options for a new container."""
    return azurite.options(azurite.container(f"test-{uuid4().hex}"))


@pytest.fixture
def driver(config: dict[str, object]) -> Iterator[AzureDriver]:
    driver = AzureDriver.from_config(config)
    yield driver
    driver.close()
