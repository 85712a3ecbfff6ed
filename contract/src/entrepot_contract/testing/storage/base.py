"""The base class of the storage kit, which opens drivers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

import pytest

from entrepot_contract import Capabilities, StorageDriver
from entrepot_contract.testing.base import KitBase

__all__ = ["ContractBase", "Opener"]

Opener = Callable[[], StorageDriver]


class ContractBase(KitBase):
    """Opens drivers with ``driver_class.from_config(config)``, as often as a test needs."""

    contract_kit = "storage"
    under_test = "driver_class"
    its_own = frozenset({"config"})

    driver_class: ClassVar[type[StorageDriver]]
    """The driver under test; its ``config`` must refer to a new, empty store for every test."""

    @pytest.fixture
    def open_driver(self, config: Mapping[str, object]) -> Iterator[Opener]:
        """A function that opens another driver on the same store; all are closed after the test."""
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
        """The driver's capabilities."""
        return driver.capabilities

    @pytest.fixture
    def part(self, claims: Capabilities) -> int:
        """The body size, in bytes, at which this driver's uploads switch to another code path."""
        return min(max(claims.part_size_hint, 64 * 2**10), 8 * 2**20)

    @pytest.fixture
    def shown(self, claims: Capabilities) -> Mapping[str, object]:
        """The driver's capabilities, as shown in the report."""
        shown = dataclasses.asdict(claims)
        shown["signed_urls"] = sorted(claims.signed_urls)
        shown["upload_ttl"] = claims.upload_ttl and claims.upload_ttl.total_seconds()
        return shown
