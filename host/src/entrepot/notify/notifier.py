"""The process that delivers the events: one per outbox at a time, started by the host's workers."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from entrepot.logs import configure_logging
from entrepot.notify.delivery import Delivery
from entrepot.notify.journal_reader import JournalReader
from entrepot.notify.metrics import Metrics, MetricsServer
from entrepot.notify.outbox import Outbox
from entrepot.notify.settings import SETTINGS, NotifySettings, recipients
from entrepot.plugins import make_sink

__all__ = ["Notifier", "run"]

_LOOK_SECONDS: Final = 0.1
_PURGE_SECONDS: Final = 60.0
_NICE: Final = 19

_log = logging.getLogger(__name__)


class Notifier:
    """The deliveries of all endpoints, and the maintenance of the outbox.

    Raises PluginError if a sink does not exist, and ConfigError if its options are invalid.
    """

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._folder = Path(settings.outbox.path)
        self._outbox = Outbox(self._folder)
        self._reader = JournalReader(self._folder, self._outbox, recipients(settings), settings.outbox.maxpending)
        sinks = [make_sink(one.sink, one.options) for one in settings.endpoints]
        metrics = Metrics(self._outbox)
        self._served = None if settings.metrics is None else MetricsServer(settings.metrics, metrics.application)
        self._deliveries = [
            Delivery(one, sink, self._outbox, metrics.observer(one.name))
            for one, sink in zip(settings.endpoints, sinks, strict=True)
        ]

    def run(self, stop: threading.Event) -> None:
        """Run until ``stop`` is set."""
        retention = self._settings.outbox
        purge_at, more = 0.0, False
        while not stop.wait(0 if more else _LOOK_SECONDS):
            try:
                more = self._reader.take()
                if time.monotonic() > purge_at:
                    purge_at = time.monotonic() + _PURGE_SECONDS
                    self._outbox.purge(keep=retention.keep, keep_dead=retention.keepdead)
            except (sa.exc.DBAPIError, OSError) as error:
                more = False
                _log.error("outbox maintenance failed, will retry: error=%s", error)
            except Exception:  # noqa: BLE001 - deliveries continue, and the failed read is repeated
                more = False
                _log.exception("outbox maintenance failed, will retry")
        for delivery in self._deliveries:
            delivery.stop()
        for delivery in self._deliveries:
            delivery.join()
        if self._served is not None:
            self._served.close()
        self._outbox.close()


def run() -> None:
    """Read the settings from standard input, and run until its end, which means that the parent process has ended."""
    settings = SETTINGS.validate_json(sys.stdin.buffer.readline())
    configure_logging(settings.log.level, as_json=settings.log.as_json, fields=settings.log.fields)
    os.nice(_NICE)  # requests of clients have priority over notifications
    stop = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        stop.set()

    threading.Thread(target=wait_for_end, name="parent", daemon=True).start()
    Notifier(settings).run(stop)
