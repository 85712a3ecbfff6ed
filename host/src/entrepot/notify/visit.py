"""Access to an outbox while hosts use it, or after they have ended."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.notify.file import NAME
from entrepot.notify.journal import FOLDER
from entrepot.notify.journal_reader import JournalReader
from entrepot.notify.notifier import recipients
from entrepot.notify.outbox import Outbox
from entrepot.notify.settings import NotifySettings
from entrepot.notify.supervisor import LOCK

__all__ = ["NoOutboxError", "visited"]


class NoOutboxError(Exception):
    """There is no outbox: no host was configured to use one there."""


@contextmanager
def visited(settings: NotifySettings) -> Iterator[Outbox]:
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
        reader = JournalReader(folder, outbox, recipients(settings), settings.outbox.max_pending)
        while reader.take():
            pass
