"""Import of events from the journals of all processes into the outbox."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from entrepot.notify.journal import FOLDER
from entrepot.notify.outbox import EVENT, Outbox, Recorded, dump_event
from entrepot_contract.events import Event

__all__ = ["JournalReader"]

_PIECE: Final = 2**20

_log = logging.getLogger(__name__)


class JournalReader:
    """Reads each journal once: the position is stored in the same transaction as the events.

    From ``most`` pending deliveries on, no events are accepted; from half of that on, no pulls. Dropped events are
    logged.
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
        if pending < self._max_pending // 2:
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
