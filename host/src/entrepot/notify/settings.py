"""Settings of the notifier, which its process gets as JSON: sections of the configuration; and the filters in them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter
from wcmatch import fnmatch, glob

from entrepot.config.model import Configuration, LogConfig
from entrepot.config.notifications import EndpointConfig, OutboxConfig
from entrepot_contract.events import Event

__all__ = ["SETTINGS", "MetricsSettings", "NotifySettings", "matcher", "notify_settings", "recipients"]

_CACHED_NAMES: Final = 4096


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where the notifier serves its metrics; an empty host means all interfaces."""

    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The outbox and the enabled endpoints; ``include_references`` adds the references of manifests to events."""

    outbox: OutboxConfig
    endpoints: tuple[EndpointConfig, ...]
    include_references: bool = False
    log: LogConfig = field(default_factory=LogConfig)
    metrics: MetricsSettings | None = None


SETTINGS: Final = TypeAdapter(NotifySettings)
"""Converts the settings to and from JSON."""


def notify_settings(configuration: Configuration) -> NotifySettings | None:
    """Returns the settings of notifications, or None if no endpoint is enabled."""
    section, debug = configuration.notifications, configuration.http.debug
    enabled = tuple(one for one in section.endpoints if not one.disabled)
    if not enabled:
        return None
    metrics = None
    if debug.addr is not None and debug.prometheus.enabled:
        metrics = MetricsSettings(debug.addr.host, debug.addr.port, debug.prometheus.path)
    return NotifySettings(
        outbox=section.outbox,
        endpoints=enabled,
        include_references=section.events.includereferences,
        log=configuration.log.model_copy(update={"level": configuration.level}),
        metrics=metrics,
    )


def recipients(settings: NotifySettings) -> Callable[[Event], list[str]]:
    """Returns a function that returns the names of the endpoints of an event."""
    matchers = [(one.name, matcher(one)) for one in settings.endpoints]
    return lambda event: [name for name, wants in matchers if wants(event)]


def matcher(endpoint: EndpointConfig) -> Callable[[Event], bool]:
    """Returns a function that decides whether an event is sent to an endpoint."""
    actions, ignored = frozenset(endpoint.actions), frozenset(endpoint.ignore.actions)
    ignored_types = frozenset((*endpoint.ignoredmediatypes, *endpoint.ignore.mediatypes))

    @functools.lru_cache(_CACHED_NAMES)
    def repository(name: str) -> bool:
        return bool(glob.globmatch(name, list(endpoint.repositories), flags=glob.GLOBSTAR))

    @functools.lru_cache(_CACHED_NAMES)
    def tag(name: str) -> bool:
        return bool(fnmatch.fnmatch(name, list(endpoint.tags)))

    def wants(event: Event) -> bool:
        if event.action in ignored or (actions and event.action not in actions):
            return False
        if ignored_types and event.target is not None and event.target.media_type in ignored_types:
            return False
        if endpoint.repositories and not repository(event.repository):
            return False
        return not endpoint.tags or (event.tag is not None and tag(event.tag))

    return wants
