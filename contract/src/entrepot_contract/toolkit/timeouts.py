"""Health checks with a timeout, for drivers whose library has none."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

from entrepot_contract.errors import StorageError
from entrepot_contract.types import Health

__all__ = ["health_within"]


def health_within(seconds: float, check: Callable[[], object], *, name: str, well: str, late: str) -> Health:
    """Return whether ``check`` succeeds within some seconds.

    The detail is ``well`` on success, ``late`` after a timeout, or the message of the StorageError that ``check``
    raised. The check runs in a thread named ``name``, which keeps running after a timeout.
    """
    start, problem = time.perf_counter(), [late]

    def run() -> None:
        try:
            check()
            problem[0] = ""
        except StorageError as error:
            problem[0] = error.message

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    detail = problem[0]
    return Health(not detail, timedelta(seconds=time.perf_counter() - start), detail or well)
