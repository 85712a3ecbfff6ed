"""Sinks that raise the wrong error, or too late, or for every later call."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from datetime import timedelta

from contract.tests.broken.register import disowned_by
from contract.tests.honest_sink import HonestSink, left

from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, SinkError, Undelivered


@disowned_by("test_an_unreachable_endpoint_raises_undelivered")
class GivesUpAtOnce(HonestSink):
    """Raises Rejected if the endpoint is unreachable."""

    def undelivered(self, error: OSError) -> Exception:
        return Rejected("unreachable") if isinstance(error, ConnectionRefusedError) else super().undelivered(error)


@disowned_by("test_an_unreachable_endpoint_raises_undelivered")
class FiresAndForgets(HonestSink):
    """Raises nothing if the endpoint is unreachable."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        try:
            super().deliver(events, timeout)
        except Undelivered:
            return


@disowned_by("test_an_unreachable_endpoint_raises_undelivered")
class LetsErrorsEscape(HonestSink):
    """Raises the exception of its socket."""

    def undelivered(self, error: OSError) -> Exception:
        return error


@disowned_by("test_an_unreachable_endpoint_raises_undelivered")
class RaisesTheBase(HonestSink):
    """Raises the base class, which does not determine whether to retry."""

    def undelivered(self, error: OSError) -> Exception:
        return SinkError("something is wrong")


@disowned_by("test_a_hanging_endpoint_raises_undelivered")
class RejectsForSlowness(HonestSink):
    """Raises Rejected if there is no response."""

    def undelivered(self, error: OSError) -> Exception:
        return Rejected("too slow") if isinstance(error, TimeoutError) else super().undelivered(error)


@disowned_by("test_a_hanging_endpoint_takes_the_timeout[one-0.2]")
class HasATimeoutOfItsOwn(HonestSink):
    """Waits two seconds, whatever the timeout is."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        super().deliver(events, timedelta(seconds=2))


@disowned_by("test_a_hanging_endpoint_takes_the_timeout[many-0.2]")
class SendsWithoutATimeout(HonestSink):
    """Applies the timeout only to the response."""

    def connected(self, until: float) -> socket.socket:
        connection = super().connected(until)
        connection.settimeout(3)
        connection.sendall(b"\n" * 2**24)
        return connection


@disowned_by("test_a_timeout_of_almost_zero_is_respected")
class TakesItsTime(HonestSink):
    """Takes a second, however short the timeout is."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        time.sleep(max(1 - timeout.total_seconds(), 0))
        super().deliver(events, timeout)


@disowned_by("test_a_failing_endpoint_raises_undelivered")
class RejectsFaults(HonestSink):
    """Raises Rejected for a temporary failure."""

    def judge(self, answer: str) -> None:
        if answer != "taken":
            raise Rejected("not accepted")


@disowned_by("test_a_failing_endpoint_raises_undelivered")
class WantsItYesterday(HonestSink):
    """Returns a negative ``retry_after``."""

    def judge(self, answer: str) -> None:
        if answer.startswith("later"):
            raise Undelivered("later", retry_after=timedelta(seconds=-7))
        super().judge(answer)


@disowned_by("test_a_rejecting_endpoint_raises_rejected")
class HopesForEver(HonestSink):
    """Raises Undelivered for a permanent rejection."""

    def judge(self, answer: str) -> None:
        if answer != "taken":
            raise Undelivered("not accepted")


@disowned_by("test_the_same_endpoint_raises_the_same_error_again")
class RejectsTheSecondTry(HonestSink):
    """Raises different errors for the same endpoint."""

    tries = 0

    def undelivered(self, error: OSError) -> Exception:
        self.tries += 1
        return super().undelivered(error) if self.tries == 1 else Rejected("enough")


@disowned_by("test_an_endpoint_that_works_again_accepts_the_events")
class BreaksForGood(HonestSink):
    """Fails in every call after the first failure."""

    broken = False

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        if self.broken:
            raise Undelivered("it did not work before")
        super().deliver(events, timeout)

    def undelivered(self, error: OSError) -> Exception:
        self.broken = True
        return super().undelivered(error)


@disowned_by("test_the_next_call_works_after_one_that_had_no_time")
class KeepsItsLock(HonestSink):
    """Holds its lock after a timeout."""

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        try:
            left(time.monotonic() + timeout.total_seconds() - 0.001)
        except TimeoutError as error:
            self.lock.acquire(timeout=0)
            raise Undelivered("no time") from error
        super().deliver(events, min(timeout, timedelta(seconds=1)))


@disowned_by("test_no_error_shows_a_secret")
class ShowsItsTokenInErrors(HonestSink):
    """Includes the token in the error."""

    def undelivered(self, error: OSError) -> Exception:
        assert self.token
        return Undelivered(f"unreachable with {self.token}")

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.token = options.model_dump()["token"].get_secret_value()


@disowned_by("test_no_error_shows_a_secret")
class CausesShowItsToken(ShowsItsTokenInErrors):
    """Chains an exception that contains the token."""

    def undelivered(self, error: OSError) -> Exception:
        raise Undelivered("unreachable") from ConnectionError(self.token)
