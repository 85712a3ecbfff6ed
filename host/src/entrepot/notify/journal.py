"""Pulls on their way to the outbox: lines in files, because a pull must not wait for a transaction."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from pydantic import ValidationError

from entrepot.notify.outbox import EVENT
from entrepot_contract.events import Event

__all__ = ["Journal", "read_journals"]

_FOLDER: Final = "pulls"
_MOST_BYTES: Final = 64 * 2**20
"""What the files of all processes may hold before the notifier takes them."""

_FLUSH_SECONDS: Final = 0.2
_TORN_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class Journal:
    """What one process has pulled; what it was told in the last 0.2 s is lost when it is killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _FOLDER
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._waiting: list[Event] = []
        self._stop = threading.Event()
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="pulls", daemon=True)
        self._thread.start()

    def add(self, event: Event) -> None:
        """Take a pull; it is in a file soon."""
        self._waiting.append(event)

    def close(self) -> None:
        """Write what was taken."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        taken, self._waiting = self._waiting, []
        if not taken:
            return
        try:
            self._write(taken)
        except OSError:
            self.dropped += len(taken)
            _log.exception("%d pulls could not be written for the notifications and are told nobody", len(taken))

    def _write(self, taken: Sequence[Event]) -> None:
        held = sum(entry.stat().st_size for entry in os.scandir(self._folder))
        if held > _MOST_BYTES:
            self.dropped += len(taken)
            _log.error("%d pulls are told nobody: %d bytes of pulls wait for the notifier already", len(taken), held)
            return
        # Under a name of its own until it is whole: then nobody needs to know whether its writer lives.
        part = self._folder / f"{uuid4()}.part"
        with open(part, "wb") as file:
            for event in taken:
                file.write(EVENT.dump_json(event, exclude_defaults=True) + b"\n")
        part.rename(self._folder / f"{time.time_ns():020}-{uuid4()}.jsonl")


def read_journals(folder: Path) -> Iterator[tuple[Path, list[Event]]]:
    """The files of pulls, oldest first; who has recorded the events of one removes it."""
    for path in sorted((folder / _FOLDER).glob("*.jsonl")):
        events = []
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                events.append(EVENT.validate_json(line))
            except ValidationError:
                _log.exception("line %d of %s is no event, and is told nobody", number, path)
        yield path, events
    _remove_torn(folder / _FOLDER)


def _remove_torn(folder: Path) -> None:
    """Remove what a process was writing when it was killed."""
    for path in folder.glob("*.part"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _TORN_SECONDS:
                path.unlink()
