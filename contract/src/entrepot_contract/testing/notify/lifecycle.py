"""Tests of configuration, threads and ``close``."""

from __future__ import annotations

import time

import pytest

from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.configuring import refuses_missing_files, refuses_wrong_options
from entrepot_contract.testing.notify.base import Arrivals, Config, Opener, SinkBase
from entrepot_contract.testing.notify.calling import PATIENCE
from entrepot_contract.testing.notify.kinds import some
from entrepot_contract.testing.opened import open_resources
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.threads import THREADS, together

__all__ = ["LifecycleContract"]

TURNS = 10


class LifecycleContract(SinkBase, ProcessBase):
    """Tests of construction, threads and ``close``."""

    @sentence("from_config", "Raises ConfigError if an option is unknown, missing or wrong.")
    def test_wrong_options_raise_config_errors(self, config: Config) -> None:
        refuses_wrong_options(self.sink_class, config)

    @sentence("__init__", "Raises ConfigError if a file cannot be used.")
    def test_a_missing_file_raises_a_config_error(self, request: pytest.FixtureRequest, config: Config) -> None:
        if not refuses_missing_files(self.sink_class, config):
            stop(request, "not-claimed", "no option names a file")

    @sentence("__init__", "Store the options and read the files that they name; open no connection, start no thread.")
    def test_construction_only_reads(self, config: Config, processes: Processes) -> None:
        assert processes.start().call("construct", config=config) == []

    @sentence("from_config", "Return a sink for its part of an endpoint's section.")
    @sentence("NotificationSink", "which are found by name in the entry-point group ``entrepot.notify``.")
    def test_two_sinks_with_the_same_options_use_the_same_endpoint(
        self, open_sink: Opener, config: Config, arrivals: Arrivals
    ) -> None:
        first, second = open_sink(config), open_sink(config)
        assert first.name == self.sink_class.name, "an instance has another name than its class"
        assert first.contract[0] == NOTIFY_CONTRACT_VERSION[0], "the major version must match"
        sent = some(4)
        for sink, event in zip((first, second, first, second), sent, strict=True):
            sink.deliver([event], PATIENCE)
        assert arrivals.ids() == [event.id for event in sent], "two sinks do not deliver to one endpoint in turn"

    @sentence("NotificationSink", "Sinks are synchronous and thread-safe.")
    @sentence(
        "deliver", "The host never delivers two events of one repository concurrently; it calls from several threads."
    )
    def test_threads_deliver_the_events_of_their_repositories_in_order(
        self, sink: NotificationSink, arrivals: Arrivals
    ) -> None:
        sent = [some(2 * TURNS, f"kit/repository-{number}") for number in range(THREADS)]

        def deliver(number: int) -> None:
            for turn in range(0, 2 * TURNS, 2):
                sink.deliver(sent[number][turn : turn + 2], PATIENCE)

        together(deliver)
        arrived = arrivals.ids()
        assert len(arrived) == THREADS * 2 * TURNS, f"{len(arrived)} of {THREADS * 2 * TURNS} events of threads arrived"
        for events in sent:
            ids = [event.id for event in events]
            assert [each for each in arrived if each in set(ids)] == ids, (
                "events of one repository arrived in another order"
            )

    @sentence("close", "Release all resources, including connections. Idempotent.")
    def test_close_can_be_called_again(self, open_sink: Opener, config: Config, arrivals: Arrivals) -> None:
        unused, used, other = open_sink(config), open_sink(config), open_sink(config)
        sent = some(3)
        unused.close()
        used.deliver(sent[:1], PATIENCE)
        other.deliver(sent[1:2], PATIENCE)
        used.close()
        used.close()
        unused.close()
        other.deliver(sent[2:], PATIENCE)
        assert arrivals.ids() == [event.id for event in sent], "closing one must not affect another"

    @sentence("close", "Release all resources, including connections. Idempotent.")
    def test_close_releases_connections_and_threads(self, open_sink: Opener, config: Config) -> None:
        def once() -> None:
            sink = open_sink(config)
            together(lambda _: sink.deliver(some(1), PATIENCE))
            sink.close()

        # Resources that are opened once for the process are open from now on.
        once()
        before = open_resources()
        for _ in range(TURNS):
            once()
        until = time.monotonic() + 10
        while any(now > then for now, then in zip(open_resources(), before, strict=True)):
            assert time.monotonic() < until, f"files and threads: {before} before, {open_resources()} after"
            time.sleep(0.05)
