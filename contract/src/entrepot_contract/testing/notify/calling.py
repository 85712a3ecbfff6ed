"""How a call of ``deliver`` has ended, and how long it took."""

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
"""What the kit gives a place that works."""

SLACK: Final = 0.5
"""Seconds that a sink has beside its timeout."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a call raised, or None where it returned; and how many seconds it took longer than its timeout."""

    error: BaseException | None
    late: float


def call(sink: NotificationSink, events: Sequence[Event], timeout: timedelta) -> Call:
    """Deliver in a thread of its own, so that a call which never ends can be told."""
    ended: queue.Queue[Call] = queue.Queue()

    def deliver() -> None:
        began = time.monotonic()
        raised: BaseException | None = None
        try:
            sink.deliver(events, timeout)
        except BaseException as error:  # noqa: BLE001 - what it raises is what is tested
            raised = error
        ended.put(Call(raised, time.monotonic() - began - timeout.total_seconds()))

    threading.Thread(target=deliver, daemon=True).start()
    try:
        return ended.get(timeout=(timeout + PATIENCE).total_seconds())
    except queue.Empty:
        pytest.fail(f"deliver has not ended {PATIENCE.seconds} s after its timeout of {timeout.total_seconds()} s")


def refusal_of(sink: NotificationSink, events: Sequence[Event], timeout: timedelta) -> SinkError:
    """How events are refused; fails where they are taken, or something else is raised."""
    error = call(sink, events, timeout).error
    assert error is not None, "deliver returned, where nobody has taken anything"
    assert isinstance(error, Undelivered | Rejected), f"deliver raised {type(error).__name__}"
    assert str(error).strip(), "the error says nothing"
    return error
