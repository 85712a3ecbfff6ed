"""Settings of the outbox and its notifier, and which events they select; the notifier's process gets them as JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter
from wcmatch import fnmatch, glob

from entrepot_contract.events import Event

__all__ = [
    "SETTINGS",
    "EndpointSettings",
    "Filters",
    "LogSettings",
    "MetricsSettings",
    "NotifySettings",
    "OutboxSettings",
    "matcher",
    "recipients",
]

_CACHED_NAMES: Final = 4096


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
    - ``max_pending``: maximum number of pending deliveries; from half of it on, pulls are dropped.
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


SETTINGS: Final = TypeAdapter(NotifySettings)
"""Converts the settings to and from JSON."""


def recipients(settings: NotifySettings) -> Callable[[Event], list[str]]:
    """Returns a function that returns the names of the endpoints of an event."""
    matchers = [(one.name, matcher(one.filters)) for one in settings.endpoints]
    return lambda event: [name for name, wants in matchers if wants(event)]


def matcher(filters: Filters) -> Callable[[Event], bool]:
    """Returns a function that decides whether an event is sent to an endpoint."""
    actions, ignored = frozenset(filters.actions), frozenset(filters.ignored_actions)
    ignored_types = frozenset(filters.ignored_media_types)

    @functools.lru_cache(_CACHED_NAMES)
    def repository(name: str) -> bool:
        return bool(glob.globmatch(name, list(filters.repositories), flags=glob.GLOBSTAR))

    @functools.lru_cache(_CACHED_NAMES)
    def tag(name: str) -> bool:
        return bool(fnmatch.fnmatch(name, list(filters.tags)))

    def wants(event: Event) -> bool:
        if event.action in ignored or (actions and event.action not in actions):
            return False
        if ignored_types and event.target is not None and event.target.media_type in ignored_types:
            return False
        if filters.repositories and not repository(event.repository):
            return False
        return not filters.tags or (event.tag is not None and tag(event.tag))

    return wants
