"""The base class of the storage kit, which opens drivers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import ClassVar, TypeAlias

import pytest

from entrepot_contract import Capabilities, StorageDriver
from entrepot_contract.options import parse_options
from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.outcomes import outcome
from entrepot_contract.testing.secrets import secrets_of
from entrepot_contract.testing.unusable import Unusable
from entrepot_contract.testing.weather import Address, refusing, silent, through

__all__ = ["Config", "ContractBase", "Opener", "OpenerOf"]

CLOSING = 60.0
LOOKS = 3
looked: Counter[type] = Counter()
"""How many tests of each class have looked whether their store is empty."""

Config: TypeAlias = Mapping[str, object]
Opener: TypeAlias = Callable[[], StorageDriver]
OpenerOf: TypeAlias = Callable[[Config], StorageDriver]


class ContractBase(KitBase):
    """Opens drivers with ``driver_class.from_config(config)``, as often as a test needs."""

    contract_kit = "storage"
    under_test = "driver_class"
    its_own = frozenset(
        {"config", "endpoint", "unreachable", "hanging", "denied", "stored_bytes", "short_timeouts", "failure_timeout"}
    )

    driver_class: ClassVar[type[StorageDriver]]
    """The driver under test; its ``config`` must refer to a new, empty store for every test."""

    failure_timeout: ClassVar[float] = 30.0
    """Seconds that a verb may take before it raises, if the backend fails or does not respond."""

    @pytest.fixture
    def endpoint(self) -> Address | None:
        """Host and port, as in ``config``, where the backend listens; or None."""
        return None

    @pytest.fixture
    def short_timeouts(self) -> Config:
        """Options that make the driver give up early; added to ``config`` where the kit makes the backend fail."""
        return {}

    @pytest.fixture
    def unreachable(self, config: Config, endpoint: Address | None, short_timeouts: Config) -> Iterator[Config | None]:
        """The options of a backend that cannot be reached, or None."""
        if endpoint is None:
            yield None
        else:
            with refusing(endpoint) as address:
                yield {**through(config, endpoint, address), **short_timeouts}

    @pytest.fixture
    def hanging(self, config: Config, endpoint: Address | None, short_timeouts: Config) -> Iterator[Config | None]:
        """The options of a backend that accepts connections and never responds, or None."""
        if endpoint is None:
            yield None
        else:
            with silent(endpoint) as address:
                yield {**through(config, endpoint, address), **short_timeouts}

    @pytest.fixture
    def denied(self) -> Config | None:
        """The options with credentials or permissions that the backend refuses, or None."""
        return None

    @pytest.fixture
    def stored_bytes(self) -> Callable[[], int] | None:
        """A function that returns how many bytes the backend holds, including what is not listed; or None."""
        return None

    @pytest.fixture
    def open_with(self) -> Iterator[OpenerOf]:
        """A function that opens another driver with given options; all are closed after the test."""
        opened: list[StorageDriver] = []

        def open_one(config: Config) -> StorageDriver:
            opened.append(self.driver_class.from_config(config))
            return opened[-1]

        yield open_one

        def close() -> None:
            for driver in opened:
                driver.close()

        closed = outcome("close", close, CLOSING)
        if not closed.ended:
            pytest.fail(str(closed))
        if closed.error is not None:
            raise closed.error

    @pytest.fixture
    def open_driver(self, open_with: OpenerOf, config: Config) -> Opener:
        """A function that opens another driver on the same store; all are closed after the test."""
        return lambda: open_with(config)

    @pytest.fixture
    def driver(self, empty_store: None, open_driver: Opener) -> StorageDriver:
        """The driver under test, on an empty store."""
        return open_driver()

    @pytest.fixture
    def empty_store(self, open_driver: Opener) -> None:
        """Raise Unusable if the store of one of the first tests of a class is not empty."""
        looked[type(self)] += 1
        found: list[object] = []
        if looked[type(self)] <= LOOKS:
            # A driver that cannot list fails in the tests of listings, and one that hangs in any test.
            outcome("list_objects", lambda: found.extend(islice(open_driver().list_objects(""), 1)), CLOSING)
        if found:
            raise Unusable(
                f"the store is not empty, it contains {getattr(found[0], 'key', found[0])!r}: "
                "the fixture `config` must return the options of a new, empty store for every test"
            )

    @pytest.fixture
    def claims(self, driver: StorageDriver) -> Capabilities:
        """The driver's capabilities."""
        return driver.capabilities

    @pytest.fixture
    def part(self, claims: Capabilities) -> int:
        """The body size, in bytes, at which this driver's uploads switch to another code path."""
        return min(max(claims.part_size_hint, 64 * 2**10), 8 * 2**20)

    @pytest.fixture
    def secrets(self, config: Config) -> set[str]:
        """The secrets in the options, as far as they can be recognized."""
        return secrets_of(parse_options(self.driver_class.Options, config, driver=self.driver_class.name))

    @pytest.fixture
    def failures(
        self,
        request: pytest.FixtureRequest,
        endpoint: Address | None,
        unreachable: Config | None,
        hanging: Config | None,
        denied: Config | None,
        stored_bytes: Callable[[], int] | None,
        secrets: set[str],
    ) -> Mapping[str, bool]:
        """What the suite provides, whether its options contain secrets, and ``--contract-large``."""
        return {
            "endpoint": endpoint is not None,
            "unreachable": unreachable is not None,
            "hanging": hanging is not None,
            "denied": denied is not None,
            "stored_bytes": stored_bytes is not None,
            "secrets": bool(secrets),
            "large": bool(request.config.getoption("contract_large")),
        }

    @pytest.fixture
    def shown(self, claims: Capabilities, failures: Mapping[str, bool]) -> Mapping[str, object]:
        """The driver's capabilities, and what the suite provides, as shown in the report."""
        shown = dataclasses.asdict(claims)
        shown["signed_urls"] = sorted(claims.signed_urls)
        shown["upload_ttl"] = claims.upload_ttl and claims.upload_ttl.total_seconds()
        return shown | dict(failures)
