"""Health checks with a limit for all of their time, for drivers whose library has none, or one for each wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock, Thread
from typing import Final
from weakref import WeakKeyDictionary

from entrepot_contract.errors import StorageError
from entrepot_contract.types import Health

__all__ = ["HEALTH_SECONDS", "health_within"]

HEALTH_SECONDS: Final = 1.9
"""The longest time of a health check that returns within the two seconds of the contract."""


class _Check(Thread):
    """A check that is running, and its result."""

    def __init__(self, check: Callable[[], object], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.check = check
        self.problem: str | None = None

    def run(self) -> None:
        try:
            self.check()
            self.problem = ""
        except StorageError as error:
            self.problem = error.message


_lock: Final = Lock()
_running: Final[WeakKeyDictionary[object, _Check]] = WeakKeyDictionary()


def health_within(
    seconds: float, check: Callable[[], object], *, name: str, well: str, late: str, owner: object | None = None
) -> Health:
    """Return whether ``check`` succeeds within some seconds.

    The detail is ``well`` on success, ``late`` after a timeout, or the message of the StorageError that ``check``
    raised. The check runs in a thread named ``name``, which keeps running after a timeout. A check of the same
    ``owner`` that is still running is waited for, so that a backend that hangs occupies one thread.
    """
    start = time.perf_counter()
    with _lock:
        running = None if owner is None else _running.get(owner)
        if running is None or not running.is_alive():
            running = _Check(check, name)
            running.start()
            if owner is not None:
                _running[owner] = running
    running.join(seconds)
    problem = late if running.problem is None else running.problem
    return Health(not problem, timedelta(seconds=time.perf_counter() - start), problem or well)
