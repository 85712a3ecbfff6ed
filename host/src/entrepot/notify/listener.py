"""The hook implementation that stores events for the endpoints."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from entrepot.errors import StorageFull, Unavailable
from entrepot.notify.database import broken_files
from entrepot.notify.journal import Journal
from entrepot.notify.journal_reader import pulls_limit
from entrepot.notify.outbox import Outbox
from entrepot.notify.settings import NotifySettings, recipients
from entrepot.notify.supervisor import Supervisor
from entrepot_contract.events import Event
from entrepot_contract.hookspecs import HealthCheck, hookimpl
from entrepot_contract.types import Health

__all__ = ["Notifications"]

_RETRY_AFTER: Final = 5


class Notifications:
    """Stores every push, mount and deletion on disk before the response is sent, and pulls soon after.

    A push or mount whose event cannot be written is rejected; a deletion is not.
    """

    def __init__(self, settings: NotifySettings) -> None:
        self._folder = Path(settings.outbox.path)
        self._max_pending = settings.outbox.maxpending
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._recipients = recipients(settings)
        self._outbox = Outbox(self._folder)
        self._journal = Journal(self._folder, references=settings.include_references)
        self._supervisor = Supervisor(settings)

    @hookimpl
    def entrepot_event(self, event: Event) -> None:
        """Store an event for its endpoints; raises StorageFull or Unavailable if that of a push cannot be stored.

        A client that repeats a push creates another event. A deletion cannot be repeated, so its event is kept.
        """
        if not self._recipients(event):
            return
        if event.action == "pull":
            self._journal.add(event)
        elif event.action == "delete":
            self._journal.record_or_hold(event)
        else:
            try:
                self._journal.record(event)
            except (OSError, MemoryError) as error:
                if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StorageFull("the outbox of the notifications is full") from error
                wait = {"Retry-After": str(_RETRY_AFTER)}
                raise Unavailable("the outbox of the notifications cannot be written", headers=wait) from error

    @hookimpl
    def entrepot_shutdown(self) -> None:
        """Write buffered events, and stop the notifier of this process."""
        self._journal.close()
        self._supervisor.close()
        self._outbox.close()

    @hookimpl
    def entrepot_health_checks(self) -> Sequence[HealthCheck]:
        """Returns a check that events can be stored."""
        return [HealthCheck("outbox", self._check)]

    def _check(self) -> Health:
        began = time.monotonic()
        faults = self._faults()
        latency = timedelta(seconds=time.monotonic() - began)
        return Health(ok=not faults, latency=latency, detail="; ".join(faults))

    def _faults(self) -> list[str]:
        try:
            pending = self._outbox.count_pending()
        except (sa.exc.DBAPIError, OSError) as error:
            return [f"the outbox cannot be read: {error}"]
        faults = []
        if self._journal.failure is not None:
            faults.append(
                f"events cannot be written ({self._journal.failure}), pushes are rejected; "
                f"{self._journal.unsaved} events of pulls and deletions are in memory"
            )
        if self._journal.lost:
            faults.append(f"{self._journal.lost} events were dropped; the log has them, except for pulls")
        if pending >= pulls_limit(self._max_pending):
            faults.append(f"{pending} of at most {self._max_pending} deliveries are pending: pulls are dropped")
        faults += [
            f"{name} is corrupt and was set aside; inspect it and move it away" for name in broken_files(self._folder)
        ]
        return faults
