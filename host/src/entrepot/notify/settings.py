"""Settings of the outbox and its notifier; serializable as JSON for the notifier's process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

__all__ = ["EndpointSettings", "Filters", "LogSettings", "MetricsSettings", "NotifySettings", "OutboxSettings"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events are sent to an endpoint.

    - Empty ``actions``, ``repositories`` and ``tags`` match everything; the last two are globs.
    - With ``tags`` set, events without a tag are not sent.
    """

    actions: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ignored_actions: tuple[str, ...] = ()
    ignored_media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """One endpoint.

    - ``options`` are the sink's options, and may hold secrets.
    - ``timeout`` limits one delivery; after ``threshold`` failures in a row, all deliveries wait, initially for about
      ``backoff``.
    - ``batch``: maximum number of events per delivery; ``concurrency``: number of simultaneous deliveries, of
      different repositories.
    - A delivery that keeps failing is dead after ``dead_age``, or after ``dead_attempts`` attempts if that is not 0.
    """

    name: str
    sink: str = "webhook"
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    filters: Filters = field(default_factory=Filters)
    timeout: timedelta = timedelta(seconds=1)
    threshold: int = 10
    backoff: timedelta = timedelta(seconds=1)
    batch: int = 1
    concurrency: int = 4
    dead_age: timedelta = timedelta(days=7)
    dead_attempts: int = 0


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """Where events are queued, and how many of them.

    - ``path`` is a folder on a local disk.
    - ``most``: maximum number of pending deliveries; from half of it on, pulls are dropped.
    - Delivered events are kept for ``keep``, dead ones for ``keep_dead``.
    """

    path: str
    max_pending: int = 1_000_000
    keep: timedelta = timedelta(hours=1)
    keep_dead: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Logging of the notifier."""

    level: str = "info"
    as_json: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where the notifier serves its metrics; an empty host means all interfaces."""

    host: str
    port: int
    path: str = "/metrics"


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The outbox and the enabled endpoints; ``include_references`` adds the references of manifests to events."""

    outbox: OutboxSettings
    endpoints: tuple[EndpointSettings, ...]
    include_references: bool = False
    log: LogSettings = field(default_factory=LogSettings)
    metrics: MetricsSettings | None = None
