"""The requests of a trace, handed to several processes so that none overtakes one that it depends on."""

from __future__ import annotations

import mmap
import multiprocessing
import time
from collections.abc import Sequence
from typing import Final

from entrepot_benchmarks.trace.record import Record

__all__ = ["Order", "depends"]

_NONE: Final = -1
_NAP: Final = 0.0002
_WIDTH: Final = 8


def depends(later: Record, earlier: Record) -> bool:
    """Whether a request has to wait for the answer to one above it in the trace.

    One that reads waits for the push of what it reads, a push for who still reads what it replaces, a manifest for the
    blobs that it names, and a list of tags for manifests.
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
    """Which request comes next, and which ones are under way; made before the processes fork, which share it.

    A request is taken only after all above it: so those that it could depend on are done or under way, and of these
    there is one for each client at most. Nobody waits in a circle, because waiting is for earlier ones alone.
    """

    def __init__(self, records: Sequence[Record], clients: int) -> None:
        self._records = records
        self._lock = multiprocessing.get_context("fork").Lock()
        self._shared = memoryview(mmap.mmap(-1, (clients + 2) * _WIDTH)).cast("q")  # next, stopped, one a client
        for client in range(clients):
            self._shared[2 + client] = _NONE

    @property
    def stopped(self) -> bool:
        """Whether no more requests are to be sent."""
        return self._shared[1] != 0

    def stop(self) -> None:
        """Let every client end after the request that it has sent."""
        self._shared[1] = 1

    def take(self, client: int) -> int | None:
        """The index of the next request, which is under way from now on; None where there is none."""
        with self._lock:
            index = self._shared[0]
            if index == len(self._records) or self.stopped:
                self._shared[2 + client] = _NONE
                return None
            self._shared[0] = index + 1
            self._shared[2 + client] = index
            return index

    def await_turn(self, index: int) -> bool:
        """Wait for what a request depends on; whether it is to be sent."""
        record = self._records[index]
        for slot in range(2, len(self._shared)):
            while _NONE < (other := self._shared[slot]) < index and depends(record, self._records[other]):
                if self.stopped:
                    return False
                time.sleep(_NAP)
        return not self.stopped
