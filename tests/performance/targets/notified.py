"""entrepot with a webhook, which delivers all pending events between turns, and nginx as its receiver."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["NotifiedHost", "Receiver"]

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


class Receiver:
    """nginx with low overhead, which returns 204 for everything posted to ``url``."""

    def __init__(self, data: Path) -> None:
        program = require("nginx", "nginx-light")
        port = free_port()
        data.mkdir(parents=True)
        config = data / "nginx.conf"
        config.write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""}
            daemon off; worker_processes 1; pid {data}/nginx.pid; error_log {data}/error.log;
            events {{ }}
            http {{
              access_log off; keepalive_requests 1000000;
              client_body_temp_path {data}/body; proxy_temp_path {data}/proxy; fastcgi_temp_path {data}/fastcgi;
              uwsgi_temp_path {data}/uwsgi; scgi_temp_path {data}/scgi;
              server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
            }}""")
        self.url = f"http://127.0.0.1:{port}/events"
        self.process = ServerProcess([program, "-c", str(config), "-p", str(data)], port, data / "server.log")
