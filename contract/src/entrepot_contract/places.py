"""What servers with worker processes share: the places that workers serve at, and when a dead worker is replaced."""

from __future__ import annotations

import mmap
import socket
import time
from contextlib import suppress
from typing import Final

from entrepot_contract.listening import SPREADS, listen_for_each

__all__ = ["Place", "Stage", "open_places"]

_STEADY_SECONDS: Final = 5.0
_FIRST_DELAY_SECONDS: Final = 0.5
_MOST_DELAY_SECONDS: Final = 5.0
_VACANT_SECONDS: Final = 10.0

_STARTING: Final = 0
_SERVING: Final = 1
_ENDING: Final = 2


class Stage:
    """What a worker has come to, in a byte of memory that it shares with its parent; made before the fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    @property
    def starting(self) -> bool:
        """Whether the worker has not served yet."""
        return self._memory[0] == _STARTING

    @property
    def serving(self) -> bool:
        """Whether the worker serves, and has not begun to end."""
        return self._memory[0] == _SERVING

    @property
    def ending(self) -> bool:
        """Whether the worker accepts no more connections."""
        return self._memory[0] == _ENDING

    def serve(self) -> None:
        """Say that the worker serves; called in the worker."""
        if not self.ending:
            self._memory[0] = _SERVING

    def end(self) -> None:
        """Say that the worker accepts no more connections; called in the worker."""
        self._memory[0] = _ENDING


class Place:
    """Where one worker at a time serves: a listening socket of its own, which the parent keeps open.

    Connections that wait when a worker dies are served by the next one. A worker that dies is replaced at once; where
    several in a row die within 5 s of their start, the next one is started after 0.5 s, 1 s, 2 s, 4 s and 5 s.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.due: float | None = None
        """When the next worker is started here (``time.monotonic``); None where there is one."""
        self._deaths = 0
        self._vacant: float | None = None

    def lost(self, lived: float) -> float:
        """Note that the worker has ended ``lived`` seconds after its start; returns the seconds until the next one."""
        now = time.monotonic()
        self._deaths = self._deaths + 1 if lived < _STEADY_SECONDS else 1
        delay = 0.0 if self._deaths == 1 else min(_FIRST_DELAY_SECONDS * 2 ** (self._deaths - 2), _MOST_DELAY_SECONDS)
        self.due = now + delay
        if self._vacant is None:
            self._vacant = now
        return delay

    def taken(self) -> None:
        """Note that a worker serves here."""
        self._vacant = None

    def refuse_if_vacant(self) -> bool:
        """Where no worker has served for 10 s, reset the waiting connections and let other places take the next ones.

        The next worker accepts again as soon as it calls ``listen`` on the socket. Returns whether this call did it.
        """
        if not SPREADS or self._vacant is None or time.monotonic() - self._vacant < _VACANT_SECONDS:
            return False
        self._vacant = None
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        return True


def open_places(host: str, port: int, workers: int, backlog: int = 1024, stall: float = 120) -> list[Place]:
    """A place for each worker, all on one address; ``stall`` as for ``listen``.

    Raises OSError where the address cannot be bound.
    """
    return [Place(listener) for listener in listen_for_each(host, port, workers, backlog, stall)]
