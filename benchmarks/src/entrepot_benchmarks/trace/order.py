"""Distribution of the requests of a trace to several processes, respecting dependencies."""

from __future__ import annotations

import mmap
import multiprocessing
import time
from collections.abc import Sequence
from typing import Final

from entrepot_benchmarks.trace.record import Record

__all__ = ["Order", "depends"]

_NONE: Final = -1
_POLL_SECONDS: Final = 0.0002
_WIDTH: Final = 8


def depends(later: Record, earlier: Record) -> bool:
    """Return whether a request has to wait for the response to an earlier one.

    A read waits for the push of the same object, a push for reads of the object that it replaces, a manifest for its
    blobs, and a list of tags for manifests.
    """
    if later.repository != earlier.repository:
        return False
    kinds = (later.kind, earlier.kind)
    if kinds == ("PUT manifest", "PUT blob"):
        return earlier.name in later.blobs
    if "GET tags" in kinds:
        return "PUT manifest" in kinds
    same = later.name == earlier.name and later.kind.endswith("blob") == earlier.kind.endswith("blob")
    return same and (later.writes or earlier.writes)


class Order:
    """The next request and the requests in progress, in memory shared by forked processes.

    Requests are taken in order, so those that a request may depend on are finished or in progress, at most one per
    client. Deadlocks are impossible, because a request only waits for earlier ones.
    """

    def __init__(self, records: Sequence[Record], clients: int) -> None:
        self._records = records
        self._lock = multiprocessing.get_context("fork").Lock()
        self._shared = memoryview(mmap.mmap(-1, (clients + 2) * _WIDTH)).cast("q")  # next, stopped, one per client
        for client in range(clients):
            self._shared[2 + client] = _NONE

    @property
    def stopped(self) -> bool:
        """Whether the replay was stopped."""
        return self._shared[1] != 0

    def stop(self) -> None:
        """Stop every client after its current request."""
        self._shared[1] = 1

    def take(self, client: int) -> int | None:
        """Take the next request and return its index, or None if there is none."""
        with self._lock:
            index = self._shared[0]
            if index == len(self._records) or self.stopped:
                self._shared[2 + client] = _NONE
                return None
            self._shared[0] = index + 1
            self._shared[2 + client] = index
            return index

    def await_turn(self, index: int) -> bool:
        """Wait for the dependencies of a request. Return False if the replay was stopped."""
        record = self._records[index]
        for slot in range(2, len(self._shared)):
            while _NONE < (other := self._shared[slot]) < index and depends(record, self._records[other]):
                if self.stopped:
                    return False
                time.sleep(_POLL_SECONDS)
        return not self.stopped
