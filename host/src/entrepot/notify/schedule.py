"""Retry times: exponential backoff with full jitter, per repository and for a whole endpoint."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from typing import Final

__all__ = ["Schedule"]

_MAX_BACKOFF_SECONDS: Final = 300.0
_MAX_RETRY_AFTER_SECONDS: Final = 3600.0


class Schedule:
    """When to retry after failures of an endpoint; thread-safe.

    After ``threshold`` failures in a row nothing is sent for a while, and then a single delivery until one succeeds.
    """

    def __init__(self, threshold: int, backoff: timedelta) -> None:
        self._threshold = threshold
        self._backoff = backoff.total_seconds()
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._repositories: dict[str, float] = {}

    def taken(self) -> None:
        """Record a successful delivery."""
        with self._lock:
            self._failures = 0

    def failed(self, repository: str, attempts: int, retry_after: timedelta | None) -> None:
        """Record a failed delivery of a repository, after ``attempts`` earlier attempts."""
        now = time.monotonic()
        asked = min(retry_after.total_seconds(), _MAX_RETRY_AFTER_SECONDS) if retry_after is not None else 0.0
        with self._lock:
            self._failures += 1
            self._repositories[repository] = now + self._delay(attempts)
            if self._failures >= self._threshold or asked:
                wait = max(asked, self._delay(max(0, self._failures - self._threshold)))
                self._closed_until = max(self._closed_until, now + wait)

    @property
    def wait(self) -> float:
        """Seconds until anything may be sent."""
        return max(0.0, self._closed_until - time.monotonic())

    @property
    def probing(self) -> bool:
        """Whether only a single delivery may be sent, to check whether the endpoint has recovered."""
        return self._failures >= self._threshold

    def held_back(self) -> list[str]:
        """Returns the repositories that must not be sent to yet."""
        now = time.monotonic()
        with self._lock:
            if not self.probing:
                self._repositories = {name: due for name, due in self._repositories.items() if due > now}
                return list(self._repositories)
            # The endpoint as a whole has failed, and its own wait is over.
            self._repositories.clear()
            return []

    def _delay(self, attempts: int) -> float:
        limit = min(_MAX_BACKOFF_SECONDS, self._backoff * 2 ** min(attempts, 30))
        return random.uniform(0, limit)  # noqa: S311 - spreads the retries of many hosts; not security-relevant
