"""When a failed call is made again, and after what pause."""

from __future__ import annotations

import random
from dataclasses import dataclass

from entrepot_contract import StorageError, Throttled

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential pauses with full jitter; all times are in seconds.

    - ``attempts``: calls in all, the first one included.
    - ``total``: no call is made again when it would begin later than this after the first.
    """

    attempts: int = 4
    base: float = 0.05
    longest: float = 2.0
    total: float = 10.0

    def pause(self, error: StorageError, *, attempt: int, elapsed: float, replayable: bool) -> float | None:
        """How long to wait before the next call, or None where there is to be none.

        A call that is not ``replayable`` may have worked although it failed; it is only made again after Throttled,
        which says that it was never begun.
        """
        if not error.retryable or attempt >= self.attempts or not (replayable or isinstance(error, Throttled)):
            return None
        pause = random.uniform(0, min(self.longest, self.base * 2**attempt))  # noqa: S311 - spreads load, no secret
        if isinstance(error, Throttled) and error.retry_after is not None:
            pause += error.retry_after.total_seconds()
        return pause if elapsed + pause <= self.total else None
