"""Retries of requests that the host cannot retry: the data of an append can be read only once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from entrepot_contract import Throttled, Unavailable

__all__ = ["patiently"]

PAUSES: Final = (0.2, 0.8, 3.2)
"""Maximum delay before each retry, in seconds."""

LONGEST: Final = 5.0
"""Maximum delay that a server may request, in seconds."""

Answer = TypeVar("Answer")


def patiently(call: Callable[[], Answer]) -> Answer:
    """Call up to four times while the server is throttling or unavailable; not after a timeout.

    Raises the exception of the last call.
    """
    for longest in PAUSES:
        try:
            return call()
        except (Throttled, Unavailable) as error:
            if isinstance(error.__cause__, ConnectTimeoutError | ReadTimeoutError):
                raise
            wanted = error.retry_after if isinstance(error, Throttled) else None
            asked = 0.0 if wanted is None else wanted.total_seconds()
            if asked > LONGEST:
                raise
            pause = max(asked, random.uniform(longest / 2, longest))  # noqa: S311 - spreads load, no secret
        time.sleep(pause)
    return call()
