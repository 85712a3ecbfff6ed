"""Threads that start simultaneously."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, takewhile
from typing import Final, TypeVar

__all__ = ["together", "write_while_others_look"]

THREADS: Final = 4
MOST: Final = 20
Answer = TypeVar("Answer")


def together(work: Callable[[int], Answer]) -> list[Answer]:
    """Call ``work`` in several threads that start simultaneously, and return the results."""
    gate = threading.Barrier(THREADS)

    def run(number: int) -> Answer:
        gate.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def write_while_others_look(write: Callable[[int], object], look: Callable[[], object], turns: int) -> None:
    """Call ``write`` with the numbers from 0 on in one thread, and ``look`` in the others at the same time.

    It ends after ``turns`` calls in every thread, so that a fast writer has not ended before the others have looked;
    where looking is much slower than writing, after ``MOST`` times as many writes.
    """
    looked = [0] * THREADS
    ended = threading.Event()

    def goes_on(number: int) -> bool:
        return not ended.is_set() and (number < turns or (min(looked[1:]) < turns and number < MOST * turns))

    def work(thread: int) -> None:
        try:
            if thread == 0:
                for number in takewhile(goes_on, count()):
                    write(number)
            else:
                while not ended.is_set():
                    look()
                    looked[thread] += 1
        finally:
            ended.set()

    together(work)
