"""The parent of the workers: one listening socket for all of them, and no signal lost."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from granian._granian import SocketHolder
from granian.server.mp import MPServer

__all__ = ["Supervisor"]


@contextmanager
def _signals_later() -> Iterator[None]:
    """Hold back signals while workers are forked: a new one would lose them to the handlers of its parent.

    They stay held back in the worker, which waits for them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Supervisor(MPServer):
    """granian, with one socket that is bound before any worker starts.

    granian on Linux gives each worker a socket of its own on the same port. Then a second server on that port starts
    without an error, port 0 is another port in every worker, and connections that wait for a worker are reset when it
    ends.
    """

    listener: socket.socket

    def _init_shared_socket(self) -> None:
        self.listener.setblocking(False)
        self._ssp = None
        self._sso = None
        # granian's own types know neither the arguments nor that the attribute is ever set.
        self._shd = SocketHolder(self.listener.fileno(), False, self.backlog)  # type: ignore[assignment, call-arg]

    def _spawn_workers(self, target: object, loader: object) -> None:
        with _signals_later():
            super()._spawn_workers(target, loader)  # type: ignore[no-untyped-call]  # granian has no types here

    def _respawn_workers(self, workers: list[int], target: object, loader: object, delay: float = 0) -> None:
        with _signals_later():
            super()._respawn_workers(workers, target, loader, delay)

    def _drop_shared_socket(self) -> None:
        # Before the workers are stopped: a connection that none of them would take is refused, not left waiting.
        self.listener.close()
