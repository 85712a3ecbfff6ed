"""What every part of the kit for sinks stands on: how they are opened, and what has arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import ClassVar, TypeAlias

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from entrepot_contract.notify import NotificationSink
from entrepot_contract.options import parse_options
from entrepot_contract.testing.base import KitBase

__all__ = ["Arrivals", "Config", "Opener", "Received", "SinkBase"]

SHORTEST_SECRET = 6
Config: TypeAlias = Mapping[str, object]
Opener: TypeAlias = Callable[[Config], NotificationSink]
Received: TypeAlias = Callable[[], Sequence[str]]


class Arrivals:
    """What has arrived since the test began."""

    def __init__(self, received: Received) -> None:
        self.received = received
        self.before = len(received())

    def ids(self) -> list[str]:
        """The ids of the events, in order, with repeats."""
        return list(self.received())[self.before :]


class SinkBase(KitBase):
    """Opens sinks by ``sink_class.from_config(config)``, as often as a test likes."""

    contract_kit = "notify"
    under_test = "sink_class"
    its_own = frozenset({"config", "received", "unreachable", "hanging", "failing", "rejecting", "mend"})

    sink_class: ClassVar[type[NotificationSink]]
    """The sink under test."""

    @pytest.fixture
    def received(self) -> Received:
        """A function that answers the ids of the events that have arrived by now, in order, with repeats."""
        pytest.fail(f"{type(self).__name__} needs a fixture `received` that answers a function: what has arrived")

    @pytest.fixture
    def unreachable(self) -> Config:
        """The options of a place where nobody is."""
        pytest.fail(f"{type(self).__name__} needs a fixture `unreachable`: the options of a place where nobody is")

    @pytest.fixture
    def hanging(self) -> Config | None:
        """The options of a place that takes connections and never answers, where there can be one."""
        return None

    @pytest.fixture
    def failing(self) -> Config | None:
        """The options of a place that refuses in a way that may pass, where there can be one."""
        return None

    @pytest.fixture
    def rejecting(self) -> Config | None:
        """The options of a place that will never take the events, where there can be one."""
        return None

    @pytest.fixture
    def mend(self) -> Callable[[], None] | None:
        """A function after which the unreachable place works, and ``received`` counts what arrives there."""
        return None

    @pytest.fixture
    def arrivals(self, received: Received) -> Arrivals:
        """What arrives in this test."""
        return Arrivals(received)

    @pytest.fixture
    def open_sink(self) -> Iterator[Opener]:
        """A function that opens one more sink; all are closed after the test."""
        with ExitStack() as opened:

            def open_one(config: Config) -> NotificationSink:
                sink = self.sink_class.from_config(config)
                opened.callback(sink.close)
                return sink

            yield open_one

    @pytest.fixture
    def sink(self, open_sink: Opener, config: Config) -> NotificationSink:
        """The sink under test, on the place that works."""
        return open_sink(config)

    @pytest.fixture
    def bad_places(
        self, unreachable: Config, hanging: Config | None, failing: Config | None, rejecting: Config | None
    ) -> Mapping[str, Config]:
        """The options of each place that takes nothing."""
        given = {"unreachable": unreachable, "hanging": hanging, "failing": failing, "rejecting": rejecting}
        return {name: config for name, config in given.items() if config is not None}

    @pytest.fixture
    def secrets(self, config: Config, bad_places: Mapping[str, Config]) -> set[str]:
        """The secrets in the options that the suite gives; short ones may be words of a message."""
        found = {
            secret
            for each in (config, *bad_places.values())
            for secret in _secrets(parse_options(self.sink_class.Options, each, driver=self.sink_class.name))
        }
        return {secret for secret in found if len(secret) >= SHORTEST_SECRET}

    @pytest.fixture
    def shown(
        self, bad_places: Mapping[str, Config], secrets: set[str], mend: Callable[[], None] | None
    ) -> Mapping[str, object]:
        """What the suite gives, as the report shows it."""
        optional = ("hanging", "failing", "rejecting")
        given = {name: name in bad_places for name in optional}
        return {**given, "mend": mend is not None, "secrets": bool(secrets)}


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _secrets(inner)
