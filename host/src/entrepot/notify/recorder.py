"""Writing events to the outbox before the answer to the client is sent."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from entrepot.notify.outbox import EVENT, Outbox, Recorded

__all__ = ["Recorder"]

_MOST_UNSAVED: Final = 10_000
_RETRY_SECONDS: Final = 1.0
_COUNT_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Ticket:
    recorded: Recorded
    done: bool = False


class Recorder:
    """Records events for many threads; those that come while one writes are written together by the next.

    What cannot be written is held in memory and tried again: the client's push is whole, and goes on.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._outbox = Outbox(folder)
        self._most = most
        self._queue = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._unsaved: deque[Recorded] = deque()
        self._counted = (0.0, 0)
        self.lost = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def record(self, recorded: Recorded) -> None:
        """Keep an event on disk; when this returns it is there, or is held in memory because the disk fails."""
        ticket = _Ticket(recorded)
        with self._queue:
            self._waiting.append(ticket)
        with self._writing:
            if ticket.done:
                return
            with self._queue:
                tickets, self._waiting = self._waiting, []
            self._write([one.recorded for one in tickets])
            for one in tickets:
                one.done = True

    @property
    def unsaved(self) -> int:
        """How many events are in memory alone."""
        return len(self._unsaved)

    def pending(self) -> int:
        """How many deliveries are pending, as of the last second.

        Raises sqlalchemy.exc.DBAPIError where the outbox cannot be read.
        """
        now = time.monotonic()
        if now - self._counted[0] > _COUNT_SECONDS:
            self._counted = (now, self._outbox.count_pending())
        return self._counted[1]

    def close(self) -> None:
        """Try once more to write what is held, and let go of the outbox."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._writing:
            self._save_again()
        for one in self._unsaved:
            _tell_lost(one, "the registry ends, and the outbox cannot be written")
        self._outbox.close()

    def _write(self, recorded: list[Recorded]) -> None:
        try:
            if self.pending() >= self._most:
                for one in recorded:
                    self._lose(one, f"{self._most} deliveries are pending already")
                return
            self._save_again()
            self._outbox.record(recorded)
        except (sa.exc.DBAPIError, OSError) as error:
            _log.error(
                "the outbox cannot be written (%s); %d events are held in memory and tried again", error, len(recorded)
            )
            for one in recorded:
                self._hold(one)

    def _hold(self, one: Recorded) -> None:
        if len(self._unsaved) >= _MOST_UNSAVED:
            self._lose(one, "the outbox cannot be written, and memory holds enough")
            return
        self._unsaved.append(one)
        if self._thread is None:
            self._thread = threading.Thread(target=self._retry, name="outbox", daemon=True)
            self._thread.start()

    def _retry(self) -> None:
        while not self._stop.wait(_RETRY_SECONDS):
            with self._writing:
                try:
                    self._save_again()
                except (sa.exc.DBAPIError, OSError):
                    _log.debug("the outbox still cannot be written", exc_info=True)

    def _save_again(self) -> None:
        if self._unsaved:
            self._outbox.record(list(self._unsaved))
            _log.warning("the outbox can be written again; it has the %d events that were held", len(self._unsaved))
            self._unsaved.clear()

    def _lose(self, one: Recorded, why: str) -> None:
        self.lost += 1
        _tell_lost(one, why)


def _tell_lost(one: Recorded, why: str) -> None:
    body = EVENT.dump_json(one.event, exclude_defaults=True).decode()
    _log.critical("an event is told nobody, because %s; it was for %s: %s", why, ", ".join(one.to), body)
