"""Drivers of a networked backend that use dead connections, or believe a reader or a deletion that has failed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import RemoteDriver

from entrepot_contract import DriverOptions, ObjectInfo, Reader, Unavailable
from entrepot_contract.toolkit.reading import ClosedOnExit

AHEAD = 8


@caught_by("test_connections_that_were_closed_while_idle_are_replaced")
class ConnectsAhead(RemoteDriver):
    """Keeps connections in store, and does not look whether they are still open."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.lock = threading.Lock()
        self.ready: list[socket.socket] = []

    def connect(self, timeout: float) -> socket.socket:
        with self.lock:
            while len(self.ready) < AHEAD:
                self.ready.append(super().connect(timeout))
            found = self.ready.pop(0)
        found.settimeout(timeout)
        return found

    def close(self) -> None:
        with self.lock:
            for link in self.ready:
                link.close()
            self.ready.clear()


class Generated(ClosedOnExit):
    """A reader with one generator, which ends with its first exception."""

    def __init__(self, inner: Reader) -> None:
        self.inner, self.info = inner, inner.info
        self.chunks = self.generate()

    def generate(self) -> Iterator[bytes]:
        yield from self.inner

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        self.inner.close()


@caught_by("test_a_reader_that_failed_never_ends_normally_later")
class ReaderEndsAfterItsError(RemoteDriver):
    """Ends normally where it is iterated again after an error."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return Generated(super().read(key, offset=offset, length=length))


@caught_by("test_a_conditional_deletion_whose_response_is_lost_is_not_taken_for_that_of_another")
class RepeatsDeleteUnchanged(RemoteDriver):
    """Repeats the request, and finds nothing because its first one has deleted it."""

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        try:
            return super().delete_unchanged(info)
        except Unavailable:
            return super().delete_unchanged(info)
