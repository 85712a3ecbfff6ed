"""entrepot with a webhook: between two turns it tells all events that wait."""

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

MOST_SECONDS: Final = 600.0
QUIET_LOOKS: Final = 3
LOOK_SECONDS: Final = 0.3


class NotifiedHost(EntrepotHost):
    """A host whose events go to ``url``, one in each request, as by default."""

    def __init__(self, backend: Backend, data: Path, run: str, url: str) -> None:
        self._outbox = data / "outbox"
        endpoint = {"name": "bench", "url": url}
        sections = {"notifications": {"outbox": {"path": str(self._outbox)}, "endpoints": [endpoint]}}
        super().__init__(backend, data, run, sections=sections)

    def settle(self, refill: Callable[[], None]) -> None:
        """Wait until nothing is pending, so that the next host's turn is its own; raises BenchmarkError after 600 s."""
        super().settle(refill)
        deadline = time.monotonic() + MOST_SECONDS
        quiet = 0
        with closing(sqlite3.connect(self._outbox / "outbox.db")) as connection:
            while quiet < QUIET_LOOKS:
                quiet = 0 if self._waits(connection) else quiet + 1
                if time.monotonic() > deadline:
                    raise BenchmarkError(f"after {MOST_SECONDS:.0f} s events still wait for the webhook")
                time.sleep(LOOK_SECONDS)

    def _waits(self, connection: sqlite3.Connection) -> bool:
        try:
            read = dict(connection.execute("SELECT name, read FROM journals"))
            pending = connection.execute("SELECT count(*) FROM deliveries WHERE state = 0").fetchone()[0]
        except sqlite3.OperationalError:  # the notifier, which makes the tables, is still on its way
            return True
        journals = (self._outbox / "journal").iterdir()
        unread = sum(path.stat().st_size - read.get(path.name, 0) for path in journals)
        return bool(pending or unread)
