"""The parent of the workers: a listening socket for each worker's place, and no signal lost."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import ClassVar

from gunicorn import arbiter
from gunicorn.errors import HaltServer

from entrepot_contract.places import Place, Stage
from entrepot_server_gunicorn.worker import STOPPING, Worker
from entrepot_server_gunicorn.wsgi import HostApplication

__all__ = ["Arbiter"]

_log = logging.getLogger(__name__)


class Arbiter(arbiter.Arbiter):
    """gunicorn's, with sockets that are bound before it starts, one for each worker: see Place."""

    # Certificates are read again without a signal, and there is nothing else to read again.
    SIGNALS: ClassVar[list[int]] = [signal.SIGHUP, *STOPPING]

    def __init__(self, application: HostApplication, places: Sequence[Place], ready: Callable[[], None]) -> None:
        application.cfg.set("pre_fork", self._settle)
        application.cfg.set("post_fork", self._close_others)
        super().__init__(application)
        # Where gunicorn keeps those of a former process.
        self.LISTENERS = [place.listener for place in places]  # type: ignore[misc]
        self._places = places
        self._settled: dict[Place, Worker] = {}
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

    def manage_workers(self) -> None:
        """Start a worker at each place that has none, as soon as it is due."""
        for number, place in enumerate(self._places):
            worker = self._settled.get(place)
            if worker is not None and worker in self.WORKERS.values() and not worker.stage.ending:
                if worker.stage.serving:
                    place.taken()
                continue
            if worker is not None and place.due is None:
                delay = place.lost(time.monotonic() - worker.born)
                _log.warning("worker ended, starting another worker=%d delay=%.1f", number, delay)
            if place.refuse_if_vacant():
                _log.warning("worker is missing, other workers take its connections worker=%d", number)
            if place.due is None or time.monotonic() >= place.due:
                place.due = None
                self._vacant = place
                self.spawn_worker()

    def reap_workers(self) -> None:
        """Collect the workers that have ended; one that cannot start ends the server where no other serves."""
        while True:
            try:
                super().reap_workers()
            except HaltServer:
                if not any(isinstance(one, Worker) and one.stage.serving for one in self.WORKERS.values()):
                    raise
            else:
                return

    def _settle(self, _arbiter: arbiter.Arbiter, worker: Worker) -> None:
        """Give a worker its place; in the parent, before the fork."""
        worker.sockets = [self._vacant.listener]
        worker.stage, worker.born = Stage(), time.monotonic()
        self._settled[self._vacant] = worker

    def _close_others(self, _arbiter: arbiter.Arbiter, worker: Worker) -> None:
        """Close the sockets of other places, which would be open for as long as this worker lives; in the worker."""
        for place in self._places:
            if place.listener not in worker.sockets:
                place.listener.close()

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
