"""Drivers of a networked backend whose health check fails together with the backend."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import Answer, RemoteDriver

from entrepot_contract import DriverOptions, Health, StorageError, Unavailable

REFUSED = "test_health_is_not_ok_if_the_backend_cannot_be_reached"
HANGS = "test_health_is_not_ok_in_time_if_the_backend_never_responds"
FOLLOWS = "test_health_follows_the_backend[refuse]"
DRIPS = "test_health_is_in_time_if_the_backend_sends_a_byte_now_and_then"


@caught_by(REFUSED)
class HealthRaisesIfTheBackendIsDown(RemoteDriver):
    """Raises if the backend cannot be reached."""

    def health(self) -> Health:
        self.ping()
        return Health(ok=True, latency=timedelta(0), detail="answers")


@caught_by(REFUSED)
class HealthMakesNoRequest(RemoteDriver):
    """Says that all is well without a request."""

    def health(self) -> Health:
        return Health(ok=True, latency=timedelta(0), detail="configured")


@caught_by(REFUSED)
class HealthIsDownWithoutWords(RemoteDriver):
    """Does not say what is wrong."""

    def health(self) -> Health:
        try:
            self.ping()
        except StorageError:
            return Health(ok=False, latency=timedelta(0), detail="")
        return Health(ok=True, latency=timedelta(0), detail="answers")


@caught_by(DRIPS)
class HealthTimeoutOfEachByte(RemoteDriver):
    """Has a timeout that begins anew with every byte."""

    def health(self) -> Health:
        try:
            return Health(ok=True, latency=timedelta(0), detail=str(self.ping()["health"]))
        except StorageError as error:
            return Health(ok=False, latency=timedelta(0), detail=error.message)


@caught_by(HANGS)
class HealthWaitsForFiveSeconds(HealthTimeoutOfEachByte):
    """Has the timeout of all other requests."""

    def ping(self) -> Answer:
        with self.request("health", None, "ping", 5.0) as (_, incoming, _):
            return self.answer("health", None, incoming)


@caught_by(HANGS)
class HealthRaisesIfTheBackendHangs(HealthTimeoutOfEachByte):
    """Expects that only connections are refused."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        if operation == "health" and isinstance(error, TimeoutError):
            raise error
        return super().meaning(operation, key, error)


@caught_by(HANGS)
class HealthIsOkIfItIsConnected(RemoteDriver):
    """Opens a connection, and asks nothing."""

    def ping(self) -> Answer:
        with self.reporting("health", None), self.connect(1.0):
            return {"health": "connected"}


@caught_by("test_health_leaves_no_thread_and_no_file_open")
class HealthLeavesSockets(RemoteDriver):
    """Keeps each connection that failed."""

    kept: ClassVar[list[socket.socket]] = []

    def ping(self) -> Answer:
        link = socket.socket()
        self.kept.append(link)
        return super().ping()


@caught_by("test_health_leaves_no_thread_and_no_file_open")
class HealthLeavesThreads(RemoteDriver):
    """Starts a thread that never ends for each check."""

    def health(self) -> Health:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        return super().health()


@caught_by("test_health_of_a_backend_that_hangs_leaves_nothing_behind")
class HealthLeavesThreadsThatWait(RemoteDriver):
    """Asks in a thread without a timeout, which waits as long as the backend does not respond."""

    def health(self) -> Health:
        found: list[Answer] = []

        def ask() -> None:
            with suppress(OSError), self.connect(1.0) as link:
                link.settimeout(None)
                if link.recv(1):
                    found.append({})

        if self.options.timeout:
            threading.Thread(target=ask, daemon=True).start()
        return super().health()


@caught_by(FOLLOWS)
class HealthIsRemembered(RemoteDriver):
    """Returns the first result for ever."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.seen: Health | None = None

    def health(self) -> Health:
        self.seen = self.seen or super().health()
        return self.seen


@caught_by(FOLLOWS)
class HealthStaysDown(RemoteDriver):
    """Is never ok again after a failure."""

    down = False

    def ping(self) -> Answer:
        try:
            if self.down:
                raise self.fail(Unavailable, "health", None, "is down")
            return super().ping()
        except Unavailable:
            self.down = True
            raise
