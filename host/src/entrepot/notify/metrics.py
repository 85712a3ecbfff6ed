"""Metrics of the notifier for Prometheus, and the HTTP server for them."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.notify.outbox import Outbox, standings
from entrepot.notify.settings import MetricsSettings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Metrics", "MetricsServer"]

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ENDPOINT: Final = ["endpoint"]
_KINDS: Final = ["type", "endpoint"]
_RETRY_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Metrics:
    """State of each endpoint, read from the outbox on each scrape, and the durations of deliveries.

    Names are Docker Distribution's, if it has them (notifications/metrics.go).
    """

    def __init__(self, outbox: Outbox) -> None:
        registry = CollectorRegistry(auto_describe=False)
        self._seconds = Histogram(
            "entrepot_notifications_delivery_seconds",
            "Duration of successful deliveries",
            ["endpoint"],
            buckets=_BUCKETS,
            registry=registry,
        )
        registry.register(_Standings(outbox))
        self.application: WSGIApplication = make_wsgi_app(registry)

    def observer(self, endpoint: str) -> Callable[[float], None]:
        """Returns a function that records the duration in seconds of a delivery to an endpoint."""
        return self._seconds.labels(endpoint).observe


class _Standings(Collector):
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("entrepot_notifications_outbox_readable", "1 if the outbox can be read, else 0")
        try:
            found = standings(self._outbox)
        except (sa.exc.DBAPIError, OSError):
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        tries = CounterMetricFamily(
            "registry_notifications_events", "Successful deliveries, and failed attempts", labels=_KINDS
        )
        pending = GaugeMetricFamily("registry_notifications_pending_total", "Pending deliveries", labels=_ENDPOINT)
        dead = CounterMetricFamily("entrepot_notifications_dead", "Dead deliveries", labels=_ENDPOINT)
        age = GaugeMetricFamily(
            "entrepot_notifications_oldest_pending_age_seconds",
            "Age of the oldest pending event; 0 if none is pending",
            labels=_ENDPOINT,
        )
        for one in found:
            tries.add_metric(["Successes", one.endpoint], one.delivered)
            tries.add_metric(["Failures", one.endpoint], one.failed)
            pending.add_metric([one.endpoint], one.pending)
            dead.add_metric([one.endpoint], one.dead)
            age.add_metric([one.endpoint], 0 if one.oldest is None else max(0.0, time.time() - one.oldest))
        return [up, tries, pending, dead, age]


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
