"""Import of events from the journals of all processes into the outbox: by the notifier, or while none is running."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from entrepot.notify.database import NAME
from entrepot.notify.journal import FOLDER
from entrepot.notify.model import EVENT, Recorded, dump_event
from entrepot.notify.outbox import Outbox
from entrepot.notify.settings import NotifySettings, recipients
from entrepot_contract.events import Event

__all__ = ["LOCK", "JournalReader", "NoOutboxError", "open_outbox", "pulls_limit"]

LOCK: Final = "notifier.lock"
"""The lock file held by the process that imports the journals."""

_PIECE: Final = 2**20

_log = logging.getLogger(__name__)


def pulls_limit(max_pending: int) -> int:
    """Returns the number of pending deliveries from which on pulls are dropped."""
    return max_pending // 2


class JournalReader:
    """Reads each journal once: the position is stored in the same transaction as the events.

    From ``max_pending`` pending deliveries on, no events are accepted; from half of that on, no pulls. Dropped events
    are logged.
    """

    def __init__(
        self, folder: Path, outbox: Outbox, recipients: Callable[[Event], Sequence[str]], max_pending: int
    ) -> None:
        self._folder = folder / FOLDER
        self._outbox = outbox
        self._recipients = recipients
        self._max_pending = max_pending

    def take(self) -> bool:
        """Import up to about 1 MiB of each file; returns whether there was anything to import.

        Raises OSError, and the errors of the outbox.
        """
        paths = sorted(self._folder.glob("*.jsonl"))
        read = self._outbox.journals()
        if gone := set(read) - {path.name for path in paths}:
            self._outbox.forget_journals(gone)
        took = [self._take_from(path, read.get(path.name, 0)) for path in paths]
        return any(took)

    def _take_from(self, path: Path, start: int) -> bool:
        with path.open("rb") as file:
            ended = _is_free(file.fileno())  # checked before reading: if True, nothing is appended afterwards
            file.seek(start)
            data = file.read(_PIECE) + file.readline()
        complete = data.rfind(b"\n") + 1
        if complete:
            read = [(line, event) for line in data[:complete].splitlines() if (event := _parse(path, line)) is not None]
            recorded = [Recorded(event, to, line) for line, event in read if (to := self._recipients(event))]
            self._outbox.record(self._within_bounds(recorded), journal=(path.name, start + complete))
        elif ended:
            if data:
                _log.warning("journal ends in a partial line, its writer was killed before responding: path=%s", path)
            path.unlink()
        return bool(complete)

    def _within_bounds(self, recorded: list[Recorded]) -> list[Recorded]:
        if not recorded:
            return recorded
        pending = self._outbox.count_pending()
        if pending < pulls_limit(self._max_pending):
            return recorded
        kept = [one for one in recorded if one.event.action != "pull"] if pending < self._max_pending else []
        _log.critical(
            "outbox full, events dropped: pending=%d limit=%d dropped=%d", pending, self._max_pending, len(recorded)
        )
        for one in recorded:
            if one not in kept and one.event.action != "pull":
                body = dump_event(one.event).decode()
                _log.critical("event dropped, outbox is full: endpoints=%s event=%s", ",".join(one.to), body)
        return kept


class NoOutboxError(Exception):
    """There is no outbox: no host was configured to use one there."""


@contextmanager
def open_outbox(settings: NotifySettings) -> Iterator[Outbox]:
    """Open the outbox, and import what hosts that have ended left in their journals.

    Raises NoOutboxError, OSError, and the errors of the outbox.
    """
    folder = Path(settings.outbox.path)
    if not (folder / NAME).exists() and not (folder / FOLDER).exists():
        raise NoOutboxError(f"there is no outbox in {folder}: no host has stored an event there")
    outbox = Outbox(folder)
    try:
        _import_journals(settings, folder, outbox)
        yield outbox
    finally:
        outbox.close()


def _import_journals(settings: NotifySettings, folder: Path, outbox: Outbox) -> None:
    with open(folder / LOCK, "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # a notifier is running and imports them itself
            return
        reader = JournalReader(folder, outbox, recipients(settings), settings.outbox.maxpending)
        while reader.take():
            pass


def _is_free(file: int) -> bool:
    """Returns whether the writer of the file has ended."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _parse(path: Path, line: bytes) -> Event | None:
    try:
        return EVENT.validate_json(line)
    except ValidationError:
        _log.critical("event dropped, journal line is invalid: path=%s line=%r", path, line)
        return None
