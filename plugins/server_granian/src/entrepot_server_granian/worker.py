"""What one worker process does: build the application, serve it, and close it."""

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

from entrepot_contract.downloads import Downloads
from entrepot_contract.places import Stage
from entrepot_contract.server import Application, ApplicationFactory
from entrepot_server_granian.input import with_input
from entrepot_server_granian.retirement import Retirement
from entrepot_server_granian.stalls import StallWatch

__all__ = ["RETIRE", "serve_worker"]

RETIRE: Final = signal.SIGRTMIN + 1
"""Tells a worker to take no more connections, and to end when its last request has ended.

Not SIGUSR1, which programs that rotate logs send to every process of a service.
"""

_LINGER_SECONDS: Final = 10.0
_SETTLING_SECONDS: Final = 1.0
_READS_ASIDE: Final = 64
"""Number of requests of one worker whose clients may be waited for in vain; each holds two threads until it ends."""


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
    """Serve in this process until SIGTERM; runs right after the fork, with what granian hands to its workers."""
    # SIGINT stays blocked: Ctrl-C goes to every process of a terminal, and the parent turns it into SIGTERM.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, RETIRE})
    # What rotates logs sends them to every process of a service; what is started here inherits that they do nothing.
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    # Else they would be open, and take connections, for as long as this worker lives.
    for other in others:
        other.close()
    retirement = Retirement(listener)
    # Asked for here and not in the thread, which may first run when granian's own handler is there already.
    of_parent = signal.getsignal(signal.SIGTERM)
    tasks: dict[Callable[..., None], tuple[object, ...]] = {
        _end_when_told: (of_parent, retirement, stage),
        _end_with_parent: (),
        _report_when_served: (of_parent, stage),
    }
    for task, given in tasks.items():
        threading.Thread(target=task, args=given, name=task.__name__, daemon=True).start()
    stalls, downloads = StallWatch(stall_timeout, listener), Downloads(threads)
    built: list[Application] = []

    def load() -> object:
        built.append(loader()())
        return stalls.wrap(
            with_input(retirement.wrap(downloads.wrap(built[0])), max(1, min(threads // 2, _READS_ASIDE)))
        )

    def wrap_callback(
        callback: Callable[..., object], scope: dict[str, object], access_log: str | None = None
    ) -> Callable[..., object]:
        return stalls.wrap_callback(wsgi._callback_wrapper(callback, scope, access_log))

    # The only place where something can be done after an answer was handed over.
    vars(mp)["_wsgi_call_wrap"] = wrap_callback
    try:
        mp.MPServer._spawn_wsgi_worker(worker_id, process_name, load, *arguments, **options)
    finally:
        for application in built:
            application.close()


def _end_when_told(of_parent: object, retirement: Retirement, stage: Stage) -> None:
    """Pass the first SIGTERM on to granian once it serves, and no other.

    granian loses one that comes before it serves, and hangs, with the interpreter locked, when it gets a third; systemd
    and the parent both send one.
    """
    asked = signal.sigwait({signal.SIGTERM, RETIRE})
    stage.end()
    if asked == RETIRE:
        retirement.begin()
        # Whoever has just connected sends a request, and whoever sends one more is told that it is the last.
        signal.sigtimedwait({signal.SIGTERM}, _LINGER_SECONDS)
    handler = _handler_of_granian(of_parent)
    if callable(handler):
        handler(signal.SIGTERM, None)


def _report_when_served(of_parent: object, stage: Stage) -> None:
    """Report once this worker serves: granian reads the certificate last, and dies of one that it cannot use."""
    _handler_of_granian(of_parent)
    time.sleep(_SETTLING_SECONDS)
    stage.serve()


def _handler_of_granian(of_parent: object) -> object:
    """What granian wants to be called with SIGTERM, as soon as it is about to serve."""
    while (handler := signal.getsignal(signal.SIGTERM)) == of_parent:
        time.sleep(0.05)
    return handler


def _end_with_parent() -> None:
    """End at once where the parent was killed: a worker without it could never be stopped, and keeps the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
