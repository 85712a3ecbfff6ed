"""The section ``notifications``: endpoints that receive events, and the outbox that queues them."""

from __future__ import annotations

from datetime import timedelta

from pydantic import ConfigDict, Field, field_validator

from entrepot.config.section import Section
from entrepot_contract.events import Action
from entrepot_contract.toolkit.durations import Duration

__all__ = ["EndpointConfig", "NotificationsConfig"]


class IgnoreConfig(Section):
    """Events that are not sent to an endpoint."""

    mediatypes: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


class DeadLetterConfig(Section):
    """When delivery of an event is given up: after ``age`` or ``attempts`` tries; 0 means no limit."""

    age: Duration = timedelta(days=7)
    attempts: int = Field(default=0, ge=0)


class EndpointConfig(Section):
    """One endpoint; all other keys are options of its sink."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1)
    sink: str = "webhook"
    disabled: bool = False
    timeout: Duration = Field(default=timedelta(seconds=1), gt=timedelta())
    threshold: int = Field(default=10, gt=0)
    backoff: Duration = timedelta(seconds=1)
    ignoredmediatypes: tuple[str, ...] = ()
    ignore: IgnoreConfig = IgnoreConfig()
    actions: tuple[Action, ...] = ()
    repositories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    batch: int = Field(default=1, gt=0, le=1000)
    concurrency: int = Field(default=4, gt=0, le=64)
    deadletter: DeadLetterConfig = DeadLetterConfig()

    @property
    def options(self) -> dict[str, object]:
        """The options of its sink."""
        return dict(self.model_extra or {})


class EventsConfig(Section):
    """Content of the events."""

    includereferences: bool = False


class OutboxConfig(Section):
    """Where events are queued, on a local disk, and how many; retention of delivered (``keep``) and dead events."""

    path: str = "/var/lib/entrepot/outbox"
    maxpending: int = Field(default=1_000_000, gt=1)
    keep: Duration = timedelta(hours=1)
    keepdead: Duration = timedelta(days=30)


class NotificationsConfig(Section):
    """Notification of endpoints about events in the registry."""

    events: EventsConfig = EventsConfig()
    outbox: OutboxConfig = OutboxConfig()
    endpoints: tuple[EndpointConfig, ...] = Field(default=(), repr=False)

    @field_validator("endpoints")
    @classmethod
    def _unique_names(cls, endpoints: tuple[EndpointConfig, ...]) -> tuple[EndpointConfig, ...]:
        names = [one.name for one in endpoints]
        if len(set(names)) < len(names):
            raise ValueError("must have unique names: events are stored by endpoint name")
        return endpoints
