"""Calls of ``deliver`` with their result and duration."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest

from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink, Rejected, SinkError, Undelivered

__all__ = ["PATIENCE", "SLACK", "Call", "call", "refusal_of"]

PATIENCE: Final = timedelta(seconds=30)
"""The timeout for a working endpoint."""

SLACK: Final = 0.5
"""Seconds by which a sink may exceed its timeout."""


@dataclass(frozen=True, slots=True)
class Call:
    """The exception that a call raised, or None; and the seconds by which it exceeded its timeout."""

    error: BaseException | None
    late: float


def call(sink: NotificationSink, events: Sequence[Event], timeout: timedelta) -> Call:
    """Call ``deliver`` in a separate thread, so that a call that never returns can be reported."""
    ended: queue.Queue[Call] = queue.Queue()

    def deliver() -> None:
        began = time.monotonic()
        raised: BaseException | None = None
        try:
            sink.deliver(events, timeout)
        except BaseException as error:  # noqa: BLE001 - the exception is the result of the test
            raised = error
        ended.put(Call(raised, time.monotonic() - began - timeout.total_seconds()))

    threading.Thread(target=deliver, daemon=True).start()
    try:
        return ended.get(timeout=(timeout + PATIENCE).total_seconds())
    except queue.Empty:
        pytest.fail(f"deliver did not return {PATIENCE.seconds} s after its timeout of {timeout.total_seconds()} s")


def refusal_of(sink: NotificationSink, events: Sequence[Event], timeout: timedelta) -> SinkError:
    """Return the SinkError that a delivery raises; fails if it succeeds or raises anything else."""
    error = call(sink, events, timeout).error
    assert error is not None, "deliver returned although no endpoint accepted the events"
    assert isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__}"
    assert str(error).strip(), "the error has no message"
    return error
