"""Concurrent execution of small storage operations, if the storage is slow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter
from typing import Final, TypeVar

__all__ = ["Parallel"]

_THREADS: Final = 16
_BATCH: Final = 64
"""Items per caller that are queued for the threads at once, so that other callers are served as well."""

_SLOW: Final = 0.001
"""Seconds per item from which on the next items are given to threads; below that, threads cost more."""

_TRIED: Final = 3
"""Consecutive items that must be slow: on a busy machine any single one may be."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Parallel:
    """A bounded thread pool, shared by all requests of one process."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)
        self._slow = False

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the results lazily, in the order of the items; the first exception is propagated.

        ``work`` must not call ``map`` itself, which could cause a deadlock.
        """
        left = iter(items)
        slow = 0
        for item in left:
            start = perf_counter()
            result = work(item)
            slow = slow + 1 if perf_counter() - start > _SLOW else 0
            yield result
            # Once the storage has been slow, a single slow item is enough to show that it still is.
            if slow >= (1 if self._slow else _TRIED):
                self._slow = True
                break
            self._slow = self._slow and slow > 0
        while batch := list(islice(left, _BATCH)):
            yield from self._threads.map(work, batch)

    def close(self) -> None:
        """Stop the threads after their current items. Idempotent."""
        self._threads.shutdown(cancel_futures=True)
