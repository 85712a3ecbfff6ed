"""Sinks with broken options, construction or ``close``, or that reveal secrets."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from contract.tests.broken.register import disowned_by
from contract.tests.honest_sink import HonestSink, LinesOptions
from pydantic import ConfigDict

from entrepot_contract import DriverOptions
from entrepot_contract.events import Event

log = logging.getLogger("broken")


class LooseOptions(LinesOptions):
    """Accepts every option."""

    model_config = ConfigDict(extra="ignore")


@disowned_by("test_wrong_options_raise_config_errors")
class SinkOptionsAreLoose(HonestSink):
    """Accepts an unknown option."""

    Options = LooseOptions


@disowned_by("test_a_missing_file_raises_a_config_error")
class SinkFilesEscape(HonestSink):
    """Raises the OSError of a missing file."""

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, LinesOptions)
        Path(options.greeting).read_bytes()
        super().__init__(options)


@disowned_by("test_construction_only_reads")
class SinkConnectsAtOnce(HonestSink):
    """Opens a socket when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        socket.socket().close()


@disowned_by("test_construction_only_reads")
class SinkStartsAThread(HonestSink):
    """Starts a thread when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        threading.Thread(target=threading.Event().wait, args=[5], daemon=True).start()


@disowned_by("test_two_sinks_with_the_same_options_use_the_same_endpoint")
class SinkIsOfTheFuture(HonestSink):
    """Is written for another version of the contract."""

    contract = (2, 0)


@disowned_by("test_two_sinks_with_the_same_options_use_the_same_endpoint")
class OnlyTheFirstTells(HonestSink):
    """Delivers nothing if another instance exists."""

    first: HonestSink | None = None

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        OnlyTheFirstTells.first = OnlyTheFirstTells.first or self
        if OnlyTheFirstTells.first is self:
            super().deliver(events, timeout)


@disowned_by("test_close_can_be_called_again")
class SinkClosesOnceOnly(HonestSink):
    """Cannot be closed twice."""

    shut = False

    def close(self) -> None:
        if self.shut:
            raise ValueError("closed already")
        self.shut = True
        super().close()


@disowned_by("test_close_can_be_called_again")
class SinkClosesForAll(HonestSink):
    """Closes resources that other instances still use."""

    shut = False

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        assert not SinkClosesForAll.shut, "closed"
        super().deliver(events, timeout)

    def close(self) -> None:
        SinkClosesForAll.shut = True
        super().close()


@disowned_by("test_close_releases_connections_and_threads")
class KeepsItsConnections(HonestSink):
    """Leaves its connection open."""

    kept: ClassVar[list[socket.socket | None]] = []

    def close(self) -> None:
        self.kept.append(self.connection)


@disowned_by("test_close_releases_connections_and_threads")
class KeepsItsThreads(HonestSink):
    """Starts a thread with its first delivery, and never ends it."""

    started = False

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        if not self.started:
            self.started = True
            threading.Thread(target=threading.Event().wait, args=[120], daemon=True).start()
        super().deliver(events, timeout)


@disowned_by("test_no_log_record_shows_a_secret")
class LogsItsToken(HonestSink):
    """Logs its token."""

    def ask(self, body: bytes, until: float) -> str:
        log.debug("connecting with %s", self.options.token.get_secret_value())
        return super().ask(body, until)


@disowned_by("test_no_repr_shows_a_secret")
class ShowsItsTokenInItsRepr(HonestSink):
    """Shows the token in its repr."""

    def __repr__(self) -> str:
        return f"ShowsItsTokenInItsRepr({self.options.token.get_secret_value()})"
