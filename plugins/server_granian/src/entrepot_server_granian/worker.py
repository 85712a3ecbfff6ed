"""What one worker process does: build the application, serve it, and close it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import wait

from granian.server.mp import MPServer

from entrepot_contract.server import Application, ApplicationFactory

__all__ = ["serve_worker"]


def serve_worker(
    worker_id: int,
    process_name: str | None,
    loader: Callable[[], ApplicationFactory],
    *arguments: object,
    **options: object,
) -> None:
    """Serve in this process until SIGTERM; runs right after the fork, with what granian hands to its workers."""
    # Until granian installs its own handler the parent's is in place, and would lose the signal.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ctrl-C goes to every process of the terminal; the parent turns it into SIGTERM, once it expects workers to end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _end_with_parent()
    built: list[Application] = []

    def load() -> Application:
        built.append(loader()())
        return built[0]

    try:
        MPServer._spawn_wsgi_worker(worker_id, process_name, load, *arguments, **options)
    finally:
        for application in built:
            application.close()


def _end_with_parent() -> None:
    """Drain and end where the parent was killed: a worker without it could never be stopped, and keeps the port."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
