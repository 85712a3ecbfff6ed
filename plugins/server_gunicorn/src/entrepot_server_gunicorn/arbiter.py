"""The parent of the workers: one listening socket for all of them, and no signal lost."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import ClassVar

from gunicorn import arbiter

from entrepot_server_gunicorn.worker import STOPPING
from entrepot_server_gunicorn.wsgi import HostApplication

__all__ = ["Arbiter"]


class Arbiter(arbiter.Arbiter):
    """gunicorn's, with a socket that is bound before it starts."""

    # Certificates are read again without a signal, and there is nothing else to read again.
    SIGNALS: ClassVar[list[int]] = [signal.SIGHUP, *STOPPING]

    def __init__(self, application: HostApplication, listener: socket.socket, ready: Callable[[], None]) -> None:
        super().__init__(application)
        self.LISTENERS = [listener]  # type: ignore[misc, list-item]  # where gunicorn keeps those of a former process
        self._ready = ready
        self._stopping = False

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; SystemExit with another status than 0 where a worker cannot start."""
        try:
            self.run()
        except SystemExit as end:
            if end.code:
                raise

    def start(self) -> None:
        """Begin, and say so."""
        super().start()
        self._ready()

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Note the first signal that asks for the end; a second would cut off what the first lets end."""
        if sig in STOPPING and not self._stopping:
            self._stopping = True
            super().signal(signal.SIGTERM, frame)

    def spawn_worker(self) -> int:
        """Fork a worker, which ends here: nothing of what the parent does after it is the worker's to do."""
        parent = os.getpid()
        # Signals wait until the worker has its own handlers: those of its parent would lose them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            return super().spawn_worker()
        except SystemExit as end:
            if os.getpid() == parent:
                raise
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
