"""What every part of the kit stands on: how drivers are opened, and which tests a driver has to pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal, NoReturn

import pytest

from entrepot_contract import Capabilities, StorageDriver
from entrepot_contract.testing.sentences import needs_of, since_of

__all__ = ["ContractBase", "Opener", "stop"]

Opener = Callable[[], StorageDriver]


def stop(request: pytest.FixtureRequest, status: Literal["not-claimed", "pending"], reason: str) -> NoReturn:
    """End a test that the driver need not pass; the report shows the status."""
    request.node.user_properties.append(("contract_status", status))
    pytest.skip(f"{status}: {reason}")


class ContractBase:
    """Opens drivers by ``driver_class.from_config(config)``, as often as a test likes."""

    contract_kit: ClassVar[str] = "storage"

    driver_class: ClassVar[type[StorageDriver]]
    """The driver under test."""

    known_failures: ClassVar[Mapping[str, str]] = {}
    """Tests that are known to fail, as ``test_name`` or ``test_name[case]``, each with the reason and the issue.

    One that passes all the same is a failure.
    """

    @pytest.fixture
    def config(self) -> Mapping[str, object]:
        """The driver's section of the configuration: JSON values, and a fresh and empty store for every test."""
        pytest.fail(f"{type(self).__name__} needs a fixture `config` that answers the driver's options")

    @pytest.fixture
    def open_driver(self, config: Mapping[str, object]) -> Iterator[Opener]:
        """A function that opens one more driver on the same store; all are closed after the test."""
        opened: list[StorageDriver] = []

        def open_one() -> StorageDriver:
            opened.append(self.driver_class.from_config(config))
            return opened[-1]

        yield open_one
        for driver in opened:
            driver.close()

    @pytest.fixture
    def driver(self, open_driver: Opener) -> StorageDriver:
        """The driver under test, on an empty store."""
        return open_driver()

    @pytest.fixture
    def claims(self, driver: StorageDriver) -> Capabilities:
        """What the driver claims."""
        return driver.capabilities

    @pytest.fixture
    def part(self, claims: Capabilities) -> int:
        """The size of body, in bytes, at which this driver's uploads change their way of working."""
        return min(max(claims.part_size_hint, 64 * 2**10), 8 * 2**20)

    @pytest.fixture(autouse=True)
    def contract_gate(self, request: pytest.FixtureRequest, claims: Capabilities) -> None:
        """Stop a test that is newer than the driver, or needs what the driver does not claim."""
        shown = dataclasses.asdict(claims)
        shown["signed_urls"] = sorted(claims.signed_urls)
        shown["upload_ttl"] = claims.upload_ttl and claims.upload_ttl.total_seconds()
        request.node.user_properties.append(("contract_capabilities", shown))
        if since_of(request.function) > self.driver_class.contract:
            stop(request, "pending", "came with contract {}.{}".format(*since_of(request.function)))
        for capability in needs_of(request.function):
            if not getattr(claims, capability):
                stop(request, "not-claimed", capability)
