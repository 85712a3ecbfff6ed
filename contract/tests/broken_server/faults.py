"""Servers that start, serve or stop in a way that the contract does not allow."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Iterable
from dataclasses import replace
from wsgiref.types import StartResponse, WSGIEnvironment

from contract.tests.broken.register import stopped_by
from contract.tests.honest_server import HonestServer, Threads
from pydantic import ConfigDict

from entrepot_contract import DriverOptions
from entrepot_contract.server import Application, ServerSettings


class LooseServerOptions(DriverOptions):
    """Accepts every option."""

    model_config = ConfigDict(extra="ignore")


@stopped_by("test_wrong_options_raise_config_errors")
class ServerOptionsAreLoose(HonestServer):
    """Accepts an unknown option."""

    Options = LooseServerOptions


@stopped_by("test_construction_opens_nothing")
class ServerOpensAtOnce(HonestServer):
    """Opens a socket when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        socket.socket().close()


@stopped_by("test_an_address_in_use_is_an_error_at_the_start")
class ServerMovesElsewhere(HonestServer):
    """Serves on another port if the address is in use."""

    def bind(self, settings: ServerSettings) -> Threads:
        try:
            return super().bind(settings)
        except OSError:
            return super().bind(replace(settings, port=0))


@stopped_by("test_on_ready_is_called_once_in_the_parent")
class ServerIsReadyTwice(HonestServer):
    """Calls ``on_ready`` twice."""

    def ready(self, settings: ServerSettings, port: int) -> None:
        super().ready(settings, port)
        super().ready(settings, port)


@stopped_by("test_running_requests_end_after_a_signal")
class ServerStopsAtOnce(HonestServer):
    """Does not wait for running requests."""

    def stop(self, server: Threads) -> None:
        os._exit(0)


@stopped_by("test_running_requests_end_after_several_signals")
class ServerStopsAtTheSecondSignal(HonestServer):
    """Waits for running requests after one signal, and stops at once after another."""

    stopping = False

    def stop(self, server: Threads) -> None:
        if self.stopping:
            os._exit(0)
        self.stopping = True
        super().stop(server)


@stopped_by("test_running_requests_end_after_a_signal")
class ServerNeverCloses(HonestServer):
    """Does not close the application."""

    def close(self, application: Application) -> None:
        """Do nothing."""


@stopped_by("test_an_application_error_is_not_shown_to_the_client")
class ServerShowsErrors(HonestServer):
    """Shows the traceback of an exception of the application."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        try:
            return super().call(application, environ, start)
        except Exception:  # noqa: BLE001 - shown by mistake
            start("500 Internal Server Error", [])
            return [traceback.format_exc().encode()]


@stopped_by("test_forwarding_headers_are_passed_to_the_application")
class ServerDropsHeaders(HonestServer):
    """Removes the headers of proxies."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith("HTTP_X_FORWARDED_")]:
            del environ[name]
        return super().call(application, environ, start)
