"""What the outbox and its notifier need to know of the configuration; JSON, so that it can go to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

__all__ = ["EndpointSettings", "Interest", "LogSettings", "MetricsSettings", "NotifySettings", "OutboxSettings"]


@dataclass(frozen=True, slots=True)
class Interest:
    """Which events an endpoint is told.

    - Empty ``actions``, ``repositories`` and ``tags`` are all of them; those two are globs.
    - With ``tags`` set, what has no tag is told nobody.
    """

    actions: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ignored_actions: tuple[str, ...] = ()
    ignored_media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """One endpoint.

    - ``options`` are the sink's own, and may hold secrets.
    - ``timeout`` bounds one delivery; after ``threshold`` failures in a row all wait, at first for about ``backoff``.
    - ``batch``: the most events of one delivery; ``concurrency``: deliveries, of different repositories, at a time.
    - An event that could not be delivered is dead after ``dead_age``, or ``dead_attempts`` tries where that is not 0.
    """

    name: str
    sink: str = "webhook"
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    interest: Interest = field(default_factory=Interest)
    timeout: timedelta = timedelta(seconds=1)
    threshold: int = 10
    backoff: timedelta = timedelta(seconds=1)
    batch: int = 1
    concurrency: int = 4
    dead_age: timedelta = timedelta(days=7)
    dead_attempts: int = 0


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """Where the events wait, and how many of them.

    - ``path`` is a folder on a local disk.
    - ``most``: so many may be pending, in deliveries; pulls are left out from the half of it on.
    - Delivered events are kept for ``keep``, dead ones for ``keep_dead``.
    """

    path: str
    most: int = 1_000_000
    keep: timedelta = timedelta(hours=1)
    keep_dead: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the notifier logs."""

    level: str = "info"
    as_json: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where the notifier serves its metrics; an empty host is all interfaces."""

    host: str
    port: int
    path: str = "/metrics"


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The outbox, and the endpoints that are not disabled; they are told what manifests hold, or are not."""

    outbox: OutboxSettings
    endpoints: tuple[EndpointSettings, ...]
    include_references: bool = False
    log: LogSettings = field(default_factory=LogSettings)
    metrics: MetricsSettings | None = None
