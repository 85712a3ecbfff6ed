"""The parent of the workers: one listening socket for all of them, and no signal lost."""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from granian._granian import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

from entrepot_contract.fresh import FreshFiles
from entrepot_contract.server import ApplicationFactory
from entrepot_server_granian.certificate import HeldPair
from entrepot_server_granian.ready import Readiness
from entrepot_server_granian.worker import RETIRE, serve_worker

__all__ = ["Supervisor"]

_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0
_KILL_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


@contextmanager
def _signals_later() -> Iterator[None]:
    """Hold back signals while workers are forked: a new one would lose them to the handlers of its parent, or die.

    They stay held back in the worker, which waits for them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, RETIRE})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Supervisor(MPServer):
    """granian, with one socket that is bound before any worker starts, and a certificate that can change.

    granian on Linux gives each worker a socket of its own on the same port. Then a second server on that port starts
    without an error, port 0 is another port in every worker, and connections that wait for a worker are reset when it
    ends.

    Workers read the certificate when they start. When it changes, new workers start beside the old ones, which take no
    more connections from then on and end when their last request has ended, however long that takes.
    """

    listener: socket.socket
    pair: FreshFiles[HeldPair] | None = None
    least_tls: str = "tls1.2"
    replaceable: bool = True
    """Whether other workers may take the place of these; they may not where the storage lives in the one worker."""

    _held: HeldPair | None = None
    _readiness: Readiness | None = None
    _retired: Sequence[WorkerProcess] = ()

    def serve_workers(self, loader: Callable[[str], ApplicationFactory]) -> None:
        """Serve until SIGTERM or SIGINT."""
        if self.pair is not None:
            self._use(self.pair.value())
            threading.Thread(target=self._watch, args=(self.pair,), name="certificate", daemon=True).start()
        self.serve(serve_worker, loader)

    def _use(self, pair: HeldPair) -> None:
        certificate, key = pair.paths
        self._held = pair
        # granian's own types know only what its constructor sets without TLS.
        self.ssl_ctx = (True, certificate, key, None, self.least_tls, None, [], False)  # type: ignore[assignment]

    def _watch(self, pair: FreshFiles[HeldPair]) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            if pair.refresh():
                self.signal_handler_reload()  # type: ignore[no-untyped-call]  # granian has no types here

    def _init_shared_socket(self) -> None:
        self.listener.setblocking(False)
        self._ssp = None
        self._sso = None
        # granian's own types know neither the arguments nor that the attribute is ever set.
        self._shd = SocketHolder(self.listener.fileno(), False, self.backlog)  # type: ignore[assignment, call-arg]

    def _spawn_worker(  # type: ignore[override]  # granian calls it with these, and declares one more
        self, idx: int, target: object, callback_loader: object
    ) -> WorkerProcess:
        target = functools.partial(serve_worker, self.listener, self._readiness)
        worker = super()._spawn_worker(idx, target, callback_loader)
        # Before it starts: one that dies at once would count as the old worker of its number, which is replaced then.
        worker.interrupt_by_parent = self._readiness is not None
        return worker

    def _spawn_workers(self, target: object, loader: object) -> None:
        with _signals_later():
            super()._spawn_workers(target, loader)  # type: ignore[no-untyped-call]  # granian has no types here

    def _respawn_workers(self, workers: list[int], target: object, loader: object, delay: float = 0) -> None:
        with _signals_later():
            super()._respawn_workers(workers, target, loader, delay)
        self._interrupt_again()

    def _reload(self, target: object, loader: object) -> None:
        self.main_loop_interrupt.clear()
        self.reload_signal = False
        if self.replaceable:
            self._replace_workers(target, loader)
        else:
            _log.warning("restart to use the new certificate: what is stored would be lost with the worker")
        self._interrupt_again()

    def _interrupt_again(self) -> None:
        """Wake the main loop for what came while it was at work, and which granian forgets."""
        if self.interrupt_signal or self.interrupt_children:
            self.main_loop_interrupt.set()

    def _replace_workers(self, target: object, loader: object) -> None:
        before = self._held
        if self.pair is not None:
            self._use(self.pair.value())
        old, self.wrks = self.wrks, []
        self._readiness = Readiness(self.workers)
        try:
            self._spawn_workers(target, loader)
            started = self._readiness.wait(_START_SECONDS, lambda: self.interrupt_signal)
        finally:
            self._readiness = None
        if not started:
            for worker in self.wrks:
                worker.inner.kill()
            for worker in self.wrks:
                worker.inner.join(_KILL_SECONDS)
            self.wrks = old
            if before is not None:
                self._use(before)
            if not self.interrupt_signal:
                _log.error("the new workers did not start; the old ones go on, with the certificate they have")
            return
        self._adopt()
        self._retire(old)
        if before is not None and before is not self._held:
            before.close()
        _log.info("new workers serve new connections; %d old ones end with their last requests", len(old))

    def _adopt(self) -> None:
        """Let the death of a new worker count, also one that has just happened."""
        for worker in self.wrks:
            worker.interrupt_by_parent = False
            if not worker.inner.is_alive():
                self.interrupt_children.append(worker.idx)

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
        # Before the workers are stopped: a connection that none of them would take is refused, not left waiting.
        self.listener.close()
