"""The base class of the sink kit, which opens sinks and collects delivered events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import ClassVar, TypeAlias

import pytest

from entrepot_contract.notify import NotificationSink
from entrepot_contract.options import parse_options
from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.secrets import secrets_of

__all__ = ["Arrivals", "AtUrl", "Config", "Opener", "Received", "SinkBase"]

Config: TypeAlias = Mapping[str, object]
Opener: TypeAlias = Callable[[Config], NotificationSink]
AtUrl: TypeAlias = Callable[[str], Config]
Received: TypeAlias = Callable[[], Sequence[str]]


class Arrivals:
    """The events that were delivered since the test began."""

    def __init__(self, received: Received) -> None:
        self.received = received
        self.before = len(received())

    def ids(self) -> list[str]:
        """Return the ids of the events, in order, with duplicates."""
        return list(self.received())[self.before :]


class SinkBase(KitBase):
    """Opens sinks with ``sink_class.from_config(config)``, as often as a test needs."""

    contract_kit = "notify"
    under_test = "sink_class"
    its_own = frozenset({"config", "received", "unreachable", "hanging", "failing", "rejecting", "mend", "at_url"})

    sink_class: ClassVar[type[NotificationSink]]
    """The sink under test."""

    @pytest.fixture
    def received(self) -> Received:
        """A function that returns the ids of all events delivered so far, in order, with duplicates."""
        pytest.fail(
            f"{type(self).__name__} needs a fixture `received` that returns a function: the ids of delivered events"
        )

    @pytest.fixture
    def unreachable(self) -> Config:
        """The options of an endpoint that cannot be reached."""
        pytest.fail(f"{type(self).__name__} needs a fixture `unreachable`: the options of an unreachable endpoint")

    @pytest.fixture
    def hanging(self) -> Config | None:
        """The options of an endpoint that accepts connections and never responds, or None."""
        return None

    @pytest.fixture
    def failing(self) -> Config | None:
        """The options of an endpoint that fails temporarily, or None."""
        return None

    @pytest.fixture
    def rejecting(self) -> Config | None:
        """The options of an endpoint that rejects the events permanently, or None."""
        return None

    @pytest.fixture
    def mend(self) -> Callable[[], None] | None:
        """A function that makes the unreachable endpoint work, and ``received`` include its events."""
        return None

    @pytest.fixture
    def at_url(self) -> AtUrl | None:
        """A function that returns the options of a sink for a URL, at which the kit serves HTTP; or None."""
        return None

    @pytest.fixture
    def arrivals(self, received: Received) -> Arrivals:
        """The events delivered in this test."""
        return Arrivals(received)

    @pytest.fixture
    def open_sink(self) -> Iterator[Opener]:
        """A function that opens another sink; all are closed after the test."""
        with ExitStack() as opened:

            def open_one(config: Config) -> NotificationSink:
                sink = self.sink_class.from_config(config)
                opened.callback(sink.close)
                return sink

            yield open_one

    @pytest.fixture
    def sink(self, open_sink: Opener, config: Config) -> NotificationSink:
        """The sink under test, with the working endpoint."""
        return open_sink(config)

    @pytest.fixture
    def bad_places(
        self, unreachable: Config, hanging: Config | None, failing: Config | None, rejecting: Config | None
    ) -> Mapping[str, Config]:
        """The options of each endpoint that does not accept events."""
        given = {"unreachable": unreachable, "hanging": hanging, "failing": failing, "rejecting": rejecting}
        return {name: config for name, config in given.items() if config is not None}

    @pytest.fixture
    def secrets(self, config: Config, bad_places: Mapping[str, Config]) -> set[str]:
        """The secrets in the suite's options, except short ones, which may be ordinary words of a message."""
        kind = self.sink_class
        places = (config, *bad_places.values())
        return set().union(*(secrets_of(parse_options(kind.Options, each, driver=kind.name)) for each in places))

    @pytest.fixture
    def shown(
        self, bad_places: Mapping[str, Config], secrets: set[str], mend: Callable[[], None] | None, at_url: AtUrl | None
    ) -> Mapping[str, object]:
        """The optional fixtures that the suite provides, as shown in the report."""
        optional = ("hanging", "failing", "rejecting")
        given = {name: name in bad_places for name in optional}
        return {**given, "mend": mend is not None, "secrets": bool(secrets), "at_url": at_url is not None}
