"""The parent process of the workers, which owns the listening sockets."""

from __future__ import annotations

import functools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Final

from granian._granian import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

from entrepot_contract.server import ApplicationFactory
from entrepot_contract.toolkit.places import Place, Stage
from entrepot_contract.toolkit.reloading import FreshFiles
from entrepot_server_granian.certificate import HeldPair
from entrepot_server_granian.worker import RETIRE, serve_worker

__all__ = ["Supervisor", "Wakeup"]

_START_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 1.0
_KILL_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals while workers are forked: a new worker would handle them with its parent's handlers, or die.

    They stay blocked in the worker, which waits for them explicitly.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, RETIRE})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Wakeup:
    """Wakes the main loop, from any thread and from signal handlers.

    threading.Event holds a lock while it is set, waited for or cleared. A handler that sets it waits forever if its
    signal arrives at that moment, and the server never ends: SIGTERM and SIGINT often arrive together.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Let the next wait return at once."""
        self._calls.put(None)

    def wait(self, timeout: float | None = None) -> None:
        """Wait for a call of ``set``, or for a number of seconds."""
        with suppress(Empty):
            self._calls.get(timeout=timeout)

    def clear(self) -> None:
        """Forget the calls of ``set`` so far."""
        with suppress(Empty):
            while True:
                self._calls.get_nowait()


class Supervisor(MPServer):
    """granian's server, with sockets bound before any worker starts, and certificate reloading.

    On Linux, granian binds a separate socket to the same port in each worker. Then a second server on that port starts
    without an error, port 0 is a different port in every worker, and connections waiting for a worker are reset when
    it stops. Here the parent binds the sockets and keeps them open, see Place.

    Workers read the certificate when they start. When it changes, new workers are started and the old ones stop
    accepting connections and exit after their last request, however long that takes.
    """

    places: Sequence[Place]
    pair: FreshFiles[HeldPair] | None = None
    least_tls: str
    stall_timeout: float
    replaceable: bool = True
    """Whether workers may be replaced; false if the storage lives in the memory of a worker."""

    _held: HeldPair | None = None
    _retired: Sequence[WorkerProcess] = ()

    def serve_workers(self, loader: Callable[[str], ApplicationFactory]) -> None:
        """Serve until SIGTERM or SIGINT."""
        self.main_loop_interrupt = Wakeup()  # type: ignore[assignment]  # granian only calls the three methods
        if self.pair is not None:
            self._use(self.pair.value())
            threading.Thread(target=self._watch, args=(self.pair,), name="certificate", daemon=True).start()
        self.serve(serve_worker, loader)

    def _use(self, pair: HeldPair) -> None:
        certificate, key = pair.paths
        self._held = pair
        # granian's annotation only covers the value without TLS.
        self.ssl_ctx = (True, certificate, key, None, self.least_tls, None, [], False)  # type: ignore[assignment]

    def _watch(self, pair: FreshFiles[HeldPair]) -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            if pair.refresh():
                self.signal_handler_reload()  # type: ignore[no-untyped-call]  # granian has no types here

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._sso = None
        for place in self.places:
            place.listener.setblocking(False)

    def _spawn_worker(  # type: ignore[override]  # granian passes fewer arguments than it declares
        self, idx: int, target: object, callback_loader: object
    ) -> WorkerProcess:
        listener, stage = self.places[idx].listener, Stage()
        # granian's annotations cover neither these arguments nor the assignment.
        self._shd = SocketHolder(listener.fileno(), False, self.backlog)  # type: ignore[assignment, call-arg]
        others = [place.listener for place in self.places if place.listener is not listener]
        target = functools.partial(serve_worker, listener, others, stage, self.stall_timeout, self.blocking_threads)
        worker = super()._spawn_worker(idx, target, callback_loader)
        worker.stage = stage  # type: ignore[attr-defined]  # in addition to granian's attributes
        return worker

    def _spawn_workers(self, target: object, loader: object) -> None:
        with _signals_blocked():
            super()._spawn_workers(target, loader)  # type: ignore[no-untyped-call]  # granian has no types here

    def _serve_loop(self, target: object, loader: object) -> None:
        while True:
            self.main_loop_interrupt.wait(_POLL_SECONDS)
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            if self.reload_signal:
                self.reload_signal = False
                self._reload(target, loader)
            if not self._mend(target, loader):
                return

    def _mend(self, target: object, loader: object) -> bool:
        """Replace the workers that have stopped. Return whether the server can continue."""
        # granian treats any entry that its threads left here as a failure of the server at shutdown.
        self.interrupt_children.clear()
        for place, worker in zip(self.places, self.wrks, strict=True):
            if worker.inner.is_alive() and not _stage(worker).ending:
                if _stage(worker).serving:
                    place.taken()
            elif place.due is None and self._is_hopeless(place, worker):
                _log.error(
                    "worker cannot start, stopping the server worker=%d exit=%s", worker.idx, worker.inner.exitcode
                )
                self.interrupt_children.append(worker.idx)
                return False
            elif place.refuse_if_vacant():
                _log.warning("worker is down, connections go to other workers worker=%d", worker.idx)
        for idx, place in enumerate(self.places):
            if place.due is not None and time.monotonic() >= place.due:
                place.due = None
                self._replace_worker(idx, target, loader)
        return True

    def _is_hopeless(self, place: Place, worker: WorkerProcess) -> bool:
        """Record the end of a worker. Return whether no worker is serving and a restart is unlikely to help."""
        status = worker.inner.exitcode
        delay = place.lost(time.monotonic() - worker.birth)
        served = not _stage(worker).starting or any(_stage(one).serving and one.inner.is_alive() for one in self.wrks)
        # An exit status means that it could not start; a worker killed by a signal may start again.
        if not served and (status or 0) > 0:
            return True
        _log.warning("worker stopped, starting another worker=%d exit=%s delay=%.1f", worker.idx, status, delay)
        return False

    def _replace_worker(self, idx: int, target: object, loader: object) -> None:
        before = self.wrks[idx]
        if before.inner.is_alive():  # another process sent it SIGTERM, and it is finishing its last requests
            self._retired = [*self._retired, before]
        with _signals_blocked():
            self.wrks[idx] = self._spawn_worker(idx, target, loader)
            self.wrks[idx].start()  # type: ignore[no-untyped-call]  # granian has no types here

    def _reload(self, target: object, loader: object) -> None:
        if self.replaceable:
            self._replace_workers(target, loader)
        else:
            _log.warning("new certificate needs a restart, replacing the worker would lose its in-memory storage")

    def _replace_workers(self, target: object, loader: object) -> None:
        before = self._held
        if self.pair is not None:
            self._use(self.pair.value())
        old, self.wrks = self.wrks, []
        self._spawn_workers(target, loader)
        if not self._have_started(self.wrks):
            for worker in self.wrks:
                worker.inner.kill()
            for worker in self.wrks:
                worker.inner.join(_KILL_SECONDS)
            self.wrks = old
            if before is not None:
                self._use(before)
            if not self.interrupt_signal:
                _log.error("new workers did not start, keeping the old workers and their certificate")
            return
        self._retire(old)
        if before is not None and before is not self._held:
            before.close()
        _log.info("workers replaced, old workers stop after their last requests count=%d", len(old))

    def _have_started(self, workers: Sequence[WorkerProcess]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self.interrupt_signal:
            if all(_stage(worker).serving for worker in workers):
                return True
            if not all(worker.inner.is_alive() for worker in workers):
                return False
            time.sleep(0.1)
        return False

    def _retire(self, workers: list[WorkerProcess]) -> None:
        self._retired = [*(worker for worker in self._retired if worker.inner.is_alive()), *workers]
        for worker in workers:
            worker.interrupt_by_parent = True
            if worker.inner.is_alive():
                os.kill(worker.inner.pid, RETIRE)

    def _stop_workers(self) -> None:
        self.wrks += [worker for worker in self._retired if worker.inner.is_alive()]
        super()._stop_workers()  # type: ignore[no-untyped-call]  # granian has no types here

    def _drop_shared_socket(self) -> None:
        # Called before the workers stop, so that new connections are refused instead of left waiting.
        for place in self.places:
            place.listener.close()


def _stage(worker: WorkerProcess) -> Stage:
    stage: Stage = worker.stage  # type: ignore[attr-defined]  # in addition to granian's attributes
    return stage
