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

_TRIED: Final = 3
"""Items in a row that must be slow: on a busy machine any one of them may be."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Parallel:
    """A bounded number of threads, which all requests of one process share."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)
        self._slow = False

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results in the order of the items, lazily; the first exception passes through.

        ``work`` must not call ``map`` itself: it would wait for threads that wait for it.
        """
        left = iter(items)
        slow = 0
        for item in left:
            start = perf_counter()
            result = work(item)
            slow = slow + 1 if perf_counter() - start > _SLOW else 0
            yield result
            # Once the storage was found slow, one slow item shows that it still is.
            if slow >= (1 if self._slow else _TRIED):
                self._slow = True
                break
            self._slow = self._slow and slow > 0
        while batch := list(islice(left, _BATCH)):
            yield from self._threads.map(work, batch)

    def close(self) -> None:
        """End the threads, after what they are doing now. Idempotent."""
        self._threads.shutdown(cancel_futures=True)
