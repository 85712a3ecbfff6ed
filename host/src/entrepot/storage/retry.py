"""When a failed call is retried, and after what delay."""

from __future__ import annotations

import random
from dataclasses import dataclass

from entrepot_contract import StorageError, Throttled

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter; all times are in seconds.

    - ``attempts``: total number of calls, including the first one.
    - ``total``: no retry starts later than this after the first call.
    """

    attempts: int = 4
    base: float = 0.05
    longest: float = 2.0
    total: float = 10.0

    def pause(self, error: StorageError, *, attempt: int, elapsed: float, replayable: bool) -> float | None:
        """Returns how long to wait before the next call, or None for no retry.

        A call that is not ``replayable`` may have succeeded despite the error, also despite Throttled: what an SDK
        reports as such need not be the first of the requests that the call consists of.
        """
        if not (error.retryable and replayable) or attempt >= self.attempts:
            return None
        pause = random.uniform(0, min(self.longest, self.base * 2**attempt))  # noqa: S311 - spreads load
        if isinstance(error, Throttled) and error.retry_after is not None:
            pause += error.retry_after.total_seconds()
        return pause if elapsed + pause <= self.total else None
