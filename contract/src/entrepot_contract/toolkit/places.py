"""Worker slots of servers with several processes: one listening socket for each, and the restart of dead workers."""

from __future__ import annotations

import mmap
import socket
import time
from contextlib import suppress
from typing import Final

from entrepot_contract.toolkit.listening import SPREADS, listen_for_each

__all__ = ["Place", "Stage", "open_places"]

_STEADY_SECONDS: Final = 5.0
_FIRST_DELAY_SECONDS: Final = 0.5
_MAX_DELAY_SECONDS: Final = 5.0
_VACANT_SECONDS: Final = 10.0

_STARTING: Final = 0
_SERVING: Final = 1
_ENDING: Final = 2


class Stage:
    """The state of a worker, in one byte of memory shared with its parent process; created before the fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    @property
    def starting(self) -> bool:
        """Whether the worker has not begun to serve."""
        return self._memory[0] == _STARTING

    @property
    def serving(self) -> bool:
        """Whether the worker is serving and not shutting down."""
        return self._memory[0] == _SERVING

    @property
    def ending(self) -> bool:
        """Whether the worker no longer accepts connections."""
        return self._memory[0] == _ENDING

    def serve(self) -> None:
        """Record that the worker is serving; called in the worker."""
        if not self.ending:
            self._memory[0] = _SERVING

    def end(self) -> None:
        """Record that the worker no longer accepts connections; called in the worker."""
        self._memory[0] = _ENDING


class Place:
    """A slot for one worker at a time, with its own listening socket, which the parent process keeps open.

    Connections that are waiting when a worker dies are served by its replacement. A worker that dies is replaced at
    once; if several in a row die within 5 s of their start, the next is started after 0.5 s, 1 s, 2 s, 4 s and 5 s.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.due: float | None = None
        """When to start the next worker (``time.monotonic``); None if one is running."""
        self._deaths = 0
        self._vacant: float | None = None

    def lost(self, lived: float) -> float:
        """Record that the worker ended ``lived`` seconds after its start; return the seconds until the next one."""
        now = time.monotonic()
        self._deaths = self._deaths + 1 if lived < _STEADY_SECONDS else 1
        delay = 0.0 if self._deaths == 1 else min(_FIRST_DELAY_SECONDS * 2 ** (self._deaths - 2), _MAX_DELAY_SECONDS)
        self.due = now + delay
        if self._vacant is None:
            self._vacant = now
        return delay

    def taken(self) -> None:
        """Record that a worker is serving."""
        self._vacant = None

    def refuse_if_vacant(self) -> bool:
        """If no worker has served for 10 s, reset the waiting connections, so that other slots receive the next ones.

        The next worker accepts again as soon as it calls ``listen`` on the socket. Returns whether this call did so.
        """
        if not SPREADS or self._vacant is None or time.monotonic() - self._vacant < _VACANT_SECONDS:
            return False
        self._vacant = None
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        return True


def open_places(host: str, port: int, workers: int, backlog: int = 1024, stall: float = 120) -> list[Place]:
    """Return a slot for each worker, all on one address; ``stall`` as for ``listen``.

    Raises OSError if the address cannot be bound.
    """
    return [Place(listener) for listener in listen_for_each(host, port, workers, backlog, stall)]
