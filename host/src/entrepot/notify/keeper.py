"""Keeping one notifier at work for each outbox, whichever worker of whichever host process it belongs to."""

from __future__ import annotations

import fcntl
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from entrepot.notify.notifier import SETTINGS
from entrepot.notify.settings import NotifySettings

__all__ = ["LOCK", "Keeper"]

LOCK: Final = "notifier.lock"
"""The file that whoever takes events from the journals holds locked."""

_LOOK_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 0.2
_END_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Keeper:
    """Starts the notifier where no other worker has one, and starts it again where it ends.

    The notifier holds a lock on a file. It has it from this process and alone, so that the next one starts when it has
    ended, and not before, however either of them is killed.
    """

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let a notifier of this process end its deliveries."""
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
                _log.exception("the notifier cannot be started; nobody is told anything until it can")
            else:
                self._watch(notifier)
            if self._stop.wait(_LOOK_SECONDS):
                return

    def _start(self, lock: int) -> subprocess.Popen[bytes]:
        # A group of its own, so that Ctrl-C ends it by way of this process; no session of its own, because Linux shares
        # the processor between sessions first (sched(7), "The autogroup feature"), and its niceness would mean nothing.
        notifier = subprocess.Popen(
            [sys.executable, "-m", "entrepot.notify"], stdin=subprocess.PIPE, pass_fds=[lock], process_group=0
        )
        assert notifier.stdin is not None  # noqa: S101 - for mypy
        # Not in the arguments, which everybody on the machine may read: the options hold secrets.
        notifier.stdin.write(SETTINGS.dump_json(self._settings) + b"\n")
        notifier.stdin.flush()
        return notifier

    def _watch(self, notifier: subprocess.Popen[bytes]) -> None:
        assert notifier.stdin is not None  # noqa: S101 - for mypy
        with notifier.stdin:
            while not self._stop.wait(_WATCH_SECONDS):
                if notifier.poll() is not None:
                    _log.error("the notifier ended with status %d; another one is started", notifier.returncode)
                    return
        try:
            notifier.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            notifier.kill()
            notifier.wait()
