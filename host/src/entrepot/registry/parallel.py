"""The same small work on many objects of the storage, side by side where each of them takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter
from typing import Final, TypeVar

__all__ = ["Parallel"]

_THREADS: Final = 16
_BATCH: Final = 64
"""Items of one caller that wait for threads at the same time, so that other callers get their turn."""

_SLOW: Final = 0.001
"""Seconds for one item, from which on the next ones are given to threads; below that, threads cost more."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Parallel:
    """A bounded number of threads, which all requests of one process share."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results in the order of the items, lazily; the first exception passes through.

        ``work`` must not call ``map`` itself: it would wait for threads that wait for it.
        """
        left = iter(items)
        for item in left:
            start = perf_counter()
            result = work(item)
            slow = perf_counter() - start > _SLOW
            yield result
            if slow:
                break
        while batch := list(islice(left, _BATCH)):
            yield from self._threads.map(work, batch)

    def close(self) -> None:
        """End the threads, after what they are doing now. Idempotent."""
        self._threads.shutdown(cancel_futures=True)
