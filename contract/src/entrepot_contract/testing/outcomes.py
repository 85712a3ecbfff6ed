"""Calls in threads of their own, whose results are waited for only so long: a call may never return."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Outcome", "outcome", "outcomes"]


@dataclass(slots=True)
class Outcome:
    """How a call ended: its result or its exception, and the seconds that it took so far."""

    name: str
    ended: bool = False
    result: object = None
    error: BaseException | None = None
    seconds: float = 0.0
    thread: int | None = None

    def where(self) -> str:
        """Return where the call is now, as the lines of a traceback."""
        frame = None if self.thread is None else sys._current_frames().get(self.thread)
        return "" if frame is None else "".join(traceback.format_stack(frame)[-12:])

    def __str__(self) -> str:
        if not self.ended:
            return f"{self.name} has not returned after {self.seconds:.1f} s; it is here:\n{self.where()}"
        if self.error is None:
            return f"{self.name} returned {str(self.result)[:100]}"
        return f"{self.name} raised {type(self.error).__name__} after {self.seconds:.1f} s: {self.error}"


def outcomes(calls: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Outcome]:
    """Make several calls at the same time, and return how each has ended after at most ``seconds``."""
    begun = {name: Outcome(name) for name in calls}
    done = {name: threading.Event() for name in calls}

    def run(name: str) -> None:
        mine, began = begun[name], time.monotonic()
        mine.thread = threading.get_ident()
        try:
            mine.result = calls[name]()
        except BaseException as error:  # noqa: BLE001 - the exception is the result
            mine.error = error
        mine.seconds = time.monotonic() - began
        mine.ended = True
        done[name].set()

    threads = [threading.Thread(target=run, args=[name], name=f"kit-{name}", daemon=True) for name in calls]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for name in calls:
        if not done[name].wait(max(0.0, began + seconds - time.monotonic())):
            begun[name].seconds = time.monotonic() - began
    for thread, each in zip(threads, begun.values(), strict=True):
        if each.ended:
            thread.join()  # so that tests of what is left see no thread of the kit
    return begun


def outcome(name: str, call: Callable[[], object], seconds: float) -> Outcome:
    """Make one call, and return how it has ended after at most ``seconds``."""
    return outcomes({name: call}, seconds)[name]
