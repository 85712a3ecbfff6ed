"""Threads that start simultaneously."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

__all__ = ["together"]

THREADS: Final = 4
Answer = TypeVar("Answer")


def together(work: Callable[[int], Answer]) -> list[Answer]:
    """Call ``work`` in several threads that start simultaneously, and return the results."""
    gate = threading.Barrier(THREADS)

    def run(number: int) -> Answer:
        gate.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
