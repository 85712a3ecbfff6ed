"""HTTP server for the notifier's metrics."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from entrepot.notify.settings import MetricsSettings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["MetricsServer"]

_RETRY_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class MetricsServer:
    """Serves in its own thread; if the address is in use, it retries without affecting deliveries."""

    def __init__(self, settings: MetricsSettings, metrics: WSGIApplication) -> None:
        self._settings = settings
        self._metrics = metrics
        self._server: WSGIServer | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        with self._lock:
            self._stop.set()
            if self._server is not None:
                self._server.shutdown()
        self._thread.join()

    def _run(self) -> None:
        logged = False
        while not self._stop.is_set():
            try:
                server = self._listen()
            except OSError as error:
                if not logged:
                    _log.error("metrics not served, will retry: port=%d error=%s", self._settings.port, error)
                logged = True
                self._stop.wait(_RETRY_SECONDS)
                continue
            with server:
                with self._lock:
                    if self._stop.is_set():
                        return
                    self._server = server
                    _log.info("metrics served: port=%d", server.server_port)
                    thread = threading.Thread(target=server.serve_forever, name="metrics-accept", daemon=True)
                    thread.start()
                thread.join()

    def _listen(self) -> WSGIServer:
        kind = _Server6 if ":" in self._settings.host else _Server
        server = kind((self._settings.host, self._settings.port), _Handler)
        server.set_app(self._answer)
        return server

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == self._settings.path:
            return self._metrics(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [f"metrics are at {self._settings.path}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds that a client may stall

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Log nothing: scrapes come every few seconds."""
