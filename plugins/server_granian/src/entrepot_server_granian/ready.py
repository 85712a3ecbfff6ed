"""How workers tell their parent that they have started."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

__all__ = ["Readiness"]


class Readiness:
    """A pipe on which each of some workers reports, or ends without a report."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._read, self._write = os.pipe()

    def report(self) -> None:
        """Tell the parent; called once, in the worker."""
        os.write(self._write, b"\0")
        os.close(self._write)

    def wait(self, seconds: float, given_up: Callable[[], bool]) -> bool:
        """Whether all of them have reported; called once, in the parent, after it has forked all of them."""
        os.close(self._write)
        deadline = time.monotonic() + seconds
        reported = b""
        try:
            while time.monotonic() < deadline and not given_up():
                if not select.select([self._read], [], [], 0.2)[0]:
                    continue
                more = os.read(self._read, self._workers)
                if not more:  # the last of them has reported, or has died
                    break
                reported += more
        finally:
            os.close(self._read)
        return len(reported) == self._workers
