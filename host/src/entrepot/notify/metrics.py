"""Metrics of the notifier for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.notify.outbox import Outbox
from entrepot.notify.queries import standings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = ["Metrics"]

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ENDPOINT: Final = ["endpoint"]
_KINDS: Final = ["type", "endpoint"]


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
