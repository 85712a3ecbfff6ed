"""Base classes of all kits: access to the plugin under test, and selection of the tests that it has to pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, NoReturn, Protocol, Self

import pytest

from entrepot_contract import DriverOptions
from entrepot_contract.testing.sentences import needs_of, since_of

__all__ = ["KitBase", "Plugin", "Repeat", "stop"]

Repeat = Callable[[int], int]
"""Takes the number of repetitions of a thorough run, and returns that of this run."""


class Plugin(Protocol):
    """The common interface of plugin classes in all kits."""

    name: ClassVar[str]
    contract: ClassVar[tuple[int, int]]
    Options: ClassVar[type[DriverOptions]]

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return a plugin for its section of the configuration."""


def stop(request: pytest.FixtureRequest, status: Literal["not-claimed", "pending"], reason: str) -> NoReturn:
    """Skip a test that does not apply to the plugin; the report shows the status."""
    request.node.user_properties.append(("contract_status", status))
    pytest.skip(f"{status}: {reason}")


class KitBase:
    """Provides the class under test, its options and its capabilities."""

    contract_kit: ClassVar[str]
    """The name of the kit, a key of ``KITS``."""

    under_test: ClassVar[str]
    """The name of the attribute that holds the class under test."""

    its_own: ClassVar[frozenset[str]]
    """The names that a test suite defines for its plugin, besides the class and the known failures."""

    known_failures: ClassVar[Mapping[str, str]] = {}
    """Tests that are known to fail, as ``test_name`` or ``test_name[case]``, each with the reason and the issue.

    One that passes is reported as a failure.
    """

    time_limit: ClassVar[float | None] = 240.0
    """Seconds after which a test that has not ended fails; four times as many with ``--contract-thorough``.

    None is no limit: tests run in the thread of pytest.
    """

    @classmethod
    def plugin_class(cls) -> type[Plugin]:
        """The class under test."""
        found: type[Plugin] = getattr(cls, cls.under_test)
        return found

    @pytest.fixture
    def config(self) -> Mapping[str, object]:
        """The plugin's section of the configuration: JSON values, created anew for every test."""
        pytest.fail(f"{type(self).__name__} needs a fixture `config` that returns the options of its plugin")

    @pytest.fixture
    def repeat(self, request: pytest.FixtureRequest) -> Repeat:
        """The number of repetitions of races: all with ``--contract-thorough``, otherwise a third."""
        thorough = bool(request.config.getoption("contract_thorough"))
        return lambda number: number if thorough else number // 3

    @pytest.fixture
    def shown(self) -> Mapping[str, object]:
        """The plugin's capabilities, as shown in the report."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def contract_gate(self, request: pytest.FixtureRequest, shown: Mapping[str, object]) -> None:
        """Skip a test that is newer than the plugin, or needs a capability that the plugin does not have."""
        request.node.user_properties.append(("contract_capabilities", dict(shown)))
        if since_of(request.function) > self.plugin_class().contract:
            stop(request, "pending", "added in contract {}.{}".format(*since_of(request.function)))
        for capability in needs_of(request.function):
            if not shown[capability]:
                stop(request, "not-claimed", capability)
