"""When to try again: exponential backoff with full jitter, for one repository and for a whole endpoint."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from typing import Final

__all__ = ["Schedule"]

_MOST_SECONDS: Final = 300.0
_MOST_ASKED: Final = 3600.0


class Schedule:
    """What an endpoint's failures mean for its next tries; thread-safe.

    After ``threshold`` failures in a row nothing is sent for a while, and then one delivery alone, until one is taken.
    """

    def __init__(self, threshold: int, backoff: timedelta) -> None:
        self._threshold = threshold
        self._backoff = backoff.total_seconds()
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._repositories: dict[str, float] = {}

    def taken(self) -> None:
        """A delivery was taken."""
        with self._lock:
            self._failures = 0

    def failed(self, repository: str, attempts: int, retry_after: timedelta | None) -> None:
        """A delivery of a repository has failed, after some earlier attempts."""
        now = time.monotonic()
        asked = min(retry_after.total_seconds(), _MOST_ASKED) if retry_after is not None else 0.0
        with self._lock:
            self._failures += 1
            self._repositories[repository] = now + self._delay(attempts)
            if self._failures >= self._threshold or asked:
                wait = max(asked, self._delay(max(0, self._failures - self._threshold)))
                self._closed_until = max(self._closed_until, now + wait)

    @property
    def wait(self) -> float:
        """For how many seconds nothing may be sent."""
        return max(0.0, self._closed_until - time.monotonic())

    @property
    def probing(self) -> bool:
        """Whether one delivery alone may be sent, to see how the endpoint is."""
        return self._failures >= self._threshold

    def held_back(self) -> list[str]:
        """The repositories whose time has not come."""
        now = time.monotonic()
        with self._lock:
            if not self.probing:
                self._repositories = {name: due for name, due in self._repositories.items() if due > now}
                return list(self._repositories)
            # The endpoint itself is in trouble, and its own time has come.
            self._repositories.clear()
            return []

    def _delay(self, attempts: int) -> float:
        most = min(_MOST_SECONDS, self._backoff * 2 ** min(attempts, 30))
        return random.uniform(0, most)  # noqa: S311 - spreads the tries of many hosts, and guards no secret
