"""A worker process, which builds the application, serves it and closes it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import Final

from granian import wsgi
from granian.server import mp

from entrepot_contract.server import Application, ApplicationFactory
from entrepot_contract.toolkit.downloads import Downloads
from entrepot_contract.toolkit.places import Stage
from entrepot_server_granian.collecting import with_length
from entrepot_server_granian.input import with_input
from entrepot_server_granian.retirement import Retirement
from entrepot_server_granian.stalls import StallWatch

__all__ = ["RETIRE", "serve_worker"]

RETIRE: Final = signal.SIGRTMIN + 1
"""Signal for a worker to stop accepting connections and to exit after its last request.

Not SIGUSR1, which log rotation programs send to every process of a service.
"""

_LINGER_SECONDS: Final = 10.0
_SETTLING_SECONDS: Final = 1.0
_READS_ASIDE: Final = 64
"""Maximum number of a worker's requests with an abandoned read; each occupies two threads until the read ends."""


def serve_worker(
    listener: socket.socket,
    others: Sequence[socket.socket],
    stage: Stage,
    stall_timeout: float,
    threads: int,
    worker_id: int,
    process_name: str | None,
    loader: Callable[[], ApplicationFactory],
    *arguments: object,
    **options: object,
) -> None:
    """Serve in this process until SIGTERM. Called right after the fork, with granian's arguments for its workers."""
    # SIGINT stays blocked: the terminal sends Ctrl-C to every process, and the parent translates it to SIGTERM.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, RETIRE})
    # Log rotation programs send these to every process of a service. Child processes inherit that they are ignored.
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    # Otherwise they would stay open, and queue connections, for the lifetime of this worker.
    for other in others:
        other.close()
    retirement = Retirement(listener)
    # Read here and not in the thread, which may not run before granian has installed its own handler.
    parent_handler = signal.getsignal(signal.SIGTERM)
    tasks: dict[Callable[..., None], tuple[object, ...]] = {
        _stop_on_signal: (parent_handler, retirement, stage),
        _exit_with_parent: (),
        _report_serving: (parent_handler, stage),
    }
    for task, task_arguments in tasks.items():
        threading.Thread(target=task, args=task_arguments, name=task.__name__, daemon=True).start()
    stalls, downloads = StallWatch(stall_timeout, listener), Downloads(threads)
    built: list[Application] = []

    def load() -> object:
        built.append(loader()())
        return stalls.wrap(
            with_input(retirement.wrap(downloads.wrap(with_length(built[0]))), max(1, min(threads // 2, _READS_ASIDE)))
        )

    def wrap_callback(
        callback: Callable[..., object], scope: dict[str, object], access_log: str | None = None
    ) -> Callable[..., object]:
        return stalls.wrap_callback(wsgi._callback_wrapper(callback, scope, access_log))

    # The only hook that runs after a response was handed over.
    vars(mp)["_wsgi_call_wrap"] = wrap_callback
    try:
        mp.MPServer._spawn_wsgi_worker(worker_id, process_name, load, *arguments, **options)
    finally:
        for application in built:
            application.close()


def _stop_on_signal(parent_handler: object, retirement: Retirement, stage: Stage) -> None:
    """Pass only the first SIGTERM on to granian, once it is serving.

    granian loses a signal that arrives earlier, and hangs with the GIL held when it receives a third one; systemd and
    the parent both send one.
    """
    received = signal.sigwait({signal.SIGTERM, RETIRE})
    stage.end()
    if received == RETIRE:
        retirement.begin()
        # Clients that have just connected can send a request, and further responses close their connections.
        signal.sigtimedwait({signal.SIGTERM}, _LINGER_SECONDS)
    handler = _granian_handler(parent_handler)
    if callable(handler):
        handler(signal.SIGTERM, None)


def _report_serving(parent_handler: object, stage: Stage) -> None:
    """Report that this worker is serving. granian loads the certificate last, and exits if it is not usable."""
    _granian_handler(parent_handler)
    time.sleep(_SETTLING_SECONDS)
    stage.serve()


def _granian_handler(parent_handler: object) -> object:
    """Return granian's SIGTERM handler as soon as it is installed, shortly before it serves."""
    while (handler := signal.getsignal(signal.SIGTERM)) == parent_handler:
        time.sleep(0.05)
    return handler


def _exit_with_parent() -> None:
    """Exit immediately if the parent was killed: an orphaned worker would keep the port and never be stopped."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
