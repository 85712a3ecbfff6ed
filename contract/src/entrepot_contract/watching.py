"""A look at a backend that may take its time, for drivers whose library knows no time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

from entrepot_contract.errors import StorageError
from entrepot_contract.types import Health

__all__ = ["health_within"]


def health_within(seconds: float, check: Callable[[], object], *, name: str, well: str, late: str) -> Health:
    """Whether ``check`` ends within some seconds, and without a StorageError, whose message is the detail then.

    It runs in a thread of that name, which goes on where it is late. ``well`` and ``late`` are the details otherwise.
    """
    start, said = time.perf_counter(), [late]

    def look() -> None:
        try:
            check()
            said[0] = ""
        except StorageError as error:
            said[0] = error.message

    thread = Thread(target=look, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    wrong = said[0]
    return Health(not wrong, timedelta(seconds=time.perf_counter() - start), wrong or well)
