"""The parent process of the workers, which owns the listening sockets."""

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

from entrepot_contract.toolkit.places import Place, Stage
from entrepot_server_gunicorn.worker import STOPPING, Worker
from entrepot_server_gunicorn.wsgi import HostApplication

__all__ = ["Arbiter"]

_log = logging.getLogger(__name__)


class Arbiter(arbiter.Arbiter):
    """gunicorn's arbiter, with one listening socket per worker, bound in advance. See Place."""

    # SIGHUP has no effect: certificates are reloaded without a signal, and there is nothing else to reload.
    SIGNALS: ClassVar[list[int]] = [signal.SIGHUP, *STOPPING]

    def __init__(self, application: HostApplication, places: Sequence[Place], ready: Callable[[], None]) -> None:
        application.cfg.set("pre_fork", self._assign_place)
        application.cfg.set("post_fork", self._close_others)
        super().__init__(application)
        # gunicorn uses this attribute for sockets inherited from a previous process.
        self.LISTENERS = [place.listener for place in places]  # type: ignore[misc]
        self._places = places
        self._assigned: dict[Place, Worker] = {}
        self._ready = ready
        self._stopping = False

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises SystemExit with a non-zero status if a worker cannot start."""
        try:
            self.run()
        except SystemExit as end:
            if end.code:
                raise

    def start(self) -> None:
        """Start serving and call the ready callback."""
        super().start()
        self._ready()

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Record the first termination signal; a second one would abort the graceful shutdown."""
        if sig in STOPPING and not self._stopping:
            self._stopping = True
            super().signal(signal.SIGTERM, frame)

    def manage_workers(self) -> None:
        """Start a worker for each place without one, once its restart delay has passed."""
        for number, place in enumerate(self._places):
            worker = self._assigned.get(place)
            if worker is not None and worker in self.WORKERS.values() and not worker.stage.ending:
                if worker.stage.serving:
                    place.taken()
                continue
            if worker is not None and place.due is None:
                delay = place.lost(time.monotonic() - worker.born)
                _log.warning("worker stopped, starting another worker=%d delay=%.1f", number, delay)
            if place.refuse_if_vacant():
                _log.warning("worker is down, connections go to other workers worker=%d", number)
            if place.due is None or time.monotonic() >= place.due:
                place.due = None
                self._vacant = place
                self.spawn_worker()

    def reap_workers(self) -> None:
        """Reap stopped workers. A worker that cannot start stops the server if no other worker is serving."""
        while True:
            try:
                super().reap_workers()
            except HaltServer:
                if not any(isinstance(one, Worker) and one.stage.serving for one in self.WORKERS.values()):
                    raise
            else:
                return

    def _assign_place(self, _arbiter: arbiter.Arbiter, worker: Worker) -> None:
        """Assign a place to a worker. Called in the parent, before the fork."""
        worker.sockets = [self._vacant.listener]
        worker.stage, worker.born = Stage(), time.monotonic()
        self._assigned[self._vacant] = worker

    def _close_others(self, _arbiter: arbiter.Arbiter, worker: Worker) -> None:
        """Close the sockets of other places, which would stay open with this worker. Called in the worker."""
        for place in self._places:
            if place.listener not in worker.sockets:
                place.listener.close()

    def spawn_worker(self) -> int:
        """Fork a worker. The worker exits in this method, so that it never runs the parent's code that follows."""
        parent = os.getpid()
        # Block signals until the worker has its own handlers: the parent's handlers would lose them.
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
