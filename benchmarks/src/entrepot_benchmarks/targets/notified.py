"""entrepot with a webhook, which delivers all pending events between turns."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.targets.host import EntrepotHost

__all__ = ["NotifiedHost"]

MAX_SECONDS: Final = 600.0
QUIET_POLLS: Final = 3
POLL_SECONDS: Final = 0.3


class NotifiedHost(EntrepotHost):
    """A host that sends events to ``url``, one per request (the default)."""

    def __init__(self, backend: Backend, data: Path, run: str, url: str) -> None:
        self._outbox = data / "outbox"
        endpoint = {"name": "bench", "url": url}
        sections = {"notifications": {"outbox": {"path": str(self._outbox)}, "endpoints": [endpoint]}}
        super().__init__(backend, data, run, sections=sections)

    def settle(self, refill: Callable[[], None]) -> None:
        """Wait until nothing is pending, so that the next turn is not disturbed. Raises BenchmarkError after 600 s."""
        super().settle(refill)
        deadline = time.monotonic() + MAX_SECONDS
        quiet = 0
        with closing(sqlite3.connect(self._outbox / "outbox.db")) as connection:
            while quiet < QUIET_POLLS:
                quiet = 0 if self._is_pending(connection) else quiet + 1
                if time.monotonic() > deadline:
                    raise BenchmarkError(f"events for the webhook are still pending after {MAX_SECONDS:.0f} s")
                time.sleep(POLL_SECONDS)

    def _is_pending(self, connection: sqlite3.Connection) -> bool:
        try:
            read = dict(connection.execute("SELECT name, read FROM journals"))
            pending = connection.execute("SELECT count(*) FROM deliveries WHERE state = 0").fetchone()[0]
        except sqlite3.OperationalError:  # the notifier has not created the tables yet
            return True
        journals = (self._outbox / "journal").iterdir()
        unread = sum(path.stat().st_size - read.get(path.name, 0) for path in journals)
        return bool(pending or unread)
