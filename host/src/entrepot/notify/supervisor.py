"""Supervision of the notifier: one process per outbox, across all workers and host processes."""

from __future__ import annotations

import fcntl
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from entrepot.notify.journal_reader import LOCK
from entrepot.notify.settings import SETTINGS, NotifySettings

__all__ = ["Supervisor"]

_LOOK_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 0.2
_END_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Supervisor:
    """Starts the notifier if no other worker has one, and restarts it if it ends.

    The notifier inherits the lock on a file from this process and is its only holder, so the next one starts after it
    has ended, and not before, even if either process is killed.
    """

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop a notifier of this process after its current deliveries."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        path = Path(self._settings.outbox.path) / LOCK
        while True:
            try:
                with open(path, "wb") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    notifier = self._start(lock.fileno())
            except BlockingIOError:  # another worker has one
                pass
            except OSError:
                _log.exception("notifier not started, no events are delivered until it is")
            else:
                self._watch(notifier)
            if self._stop.wait(_LOOK_SECONDS):
                return

    def _start(self, lock: int) -> subprocess.Popen[bytes]:
        # Its own process group, so that Ctrl-C ends it through this process. Not its own session: Linux divides the CPU
        # between sessions first (sched(7), "The autogroup feature"), so its niceness would have no effect.
        notifier = subprocess.Popen(
            [sys.executable, "-m", "entrepot.notify"], stdin=subprocess.PIPE, pass_fds=[lock], process_group=0
        )
        assert notifier.stdin is not None  # noqa: S101 - for mypy
        # Not as arguments, which every user of the machine can read: the options hold secrets.
        notifier.stdin.write(SETTINGS.dump_json(self._settings) + b"\n")
        notifier.stdin.flush()
        return notifier

    def _watch(self, notifier: subprocess.Popen[bytes]) -> None:
        assert notifier.stdin is not None  # noqa: S101 - for mypy
        with notifier.stdin:
            while not self._stop.wait(_WATCH_SECONDS):
                if notifier.poll() is not None:
                    _log.error("notifier ended, will restart: status=%d", notifier.returncode)
                    return
        try:
            notifier.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            notifier.kill()
            notifier.wait()
