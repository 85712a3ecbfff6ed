"""The section ``notifications``: endpoints that receive events, and the outbox that queues them."""

from __future__ import annotations

from datetime import timedelta

from pydantic import ConfigDict, Field, field_validator

from entrepot.config.section import Section
from entrepot_contract.events import Action
from entrepot_contract.toolkit.durations import Duration

__all__ = ["DeadLetterConfig", "EndpointConfig", "IgnoreConfig", "NotificationsConfig", "OutboxConfig"]


class IgnoreConfig(Section):
    """Events that are not sent to an endpoint."""

    mediatypes: tuple[str, ...] = Field(default=(), description="Events with these media types are not delivered.")
    actions: tuple[Action, ...] = Field(default=(), description="Events of these actions are not delivered.")


class DeadLetterConfig(Section):
    """When delivery of an event is given up: after ``age``, or after ``attempts`` tries if that is not 0."""

    age: Duration = Field(
        default=timedelta(days=7),
        description="Age after which an event is dead if its delivery fails (*extension*).",
    )
    attempts: int = Field(
        default=0,
        ge=0,
        description="Number of attempts after which an undelivered event is dead; 0 means no limit (*extension*).",
    )


class EndpointConfig(Section):
    """One endpoint; all other keys are options of its sink."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(
        min_length=1, description="Name of the endpoint; its events are stored under this name, which must be unique."
    )
    sink: str = Field(
        default="webhook",
        description="The sink plugin that delivers the events; any other key is an option of the sink (*extension*).",
    )
    disabled: bool = Field(default=False, description="Deliver nothing to this endpoint.")
    timeout: Duration = Field(default=timedelta(seconds=1), gt=timedelta(), description="Timeout of a delivery.")
    threshold: int = Field(default=10, gt=0, description="Number of consecutive failures after which deliveries pause.")
    backoff: Duration = Field(
        default=timedelta(seconds=1),
        description="Maximum length of the first pause; it doubles each time, up to 5 minutes.",
    )
    ignoredmediatypes: tuple[str, ...] = Field(
        default=(), description="Events with these media types are not delivered; same as `ignore.mediatypes`."
    )
    ignore: IgnoreConfig = IgnoreConfig()
    actions: tuple[Action, ...] = Field(
        default=(), description="Deliver only events of these actions; without any, all events (*extension*)."
    )
    repositories: tuple[str, ...] = Field(
        default=(), description="Globs: deliver only events of matching repositories (*extension*)."
    )
    tags: tuple[str, ...] = Field(default=(), description="Globs: deliver only events of matching tags (*extension*).")
    batch: int = Field(default=1, gt=0, le=1000, description="Maximum number of events per delivery (*extension*).")
    concurrency: int = Field(
        default=4,
        gt=0,
        le=64,
        description="Maximum number of concurrent deliveries, of different repositories (*extension*).",
    )
    deadletter: DeadLetterConfig = DeadLetterConfig()

    @property
    def options(self) -> dict[str, object]:
        """The options of its sink."""
        return dict(self.model_extra or {})


class EventsConfig(Section):
    """Content of the events."""

    includereferences: bool = Field(default=False, description="Include the references of a manifest in its events.")


class OutboxConfig(Section):
    """Where events are queued, on a local disk, and how many; retention of delivered (``keep``) and dead events."""

    path: str = Field(
        default="/var/lib/entrepot/outbox",
        examples=["/var/lib/entrepot/outbox"],
        description="Directory on a local disk that stores undelivered events (*extension*).",
    )
    maxpending: int = Field(default=1_000_000, gt=1, description="Maximum number of pending deliveries (*extension*).")
    keep: Duration = Field(
        default=timedelta(hours=1),
        description="How long delivered events are kept for `entrepot events` (*extension*).",
    )
    keepdead: Duration = Field(
        default=timedelta(days=30),
        description="How long dead events are kept for `entrepot events` (*extension*).",
    )


class NotificationsConfig(Section):
    """Notification of endpoints about events in the registry."""

    events: EventsConfig = EventsConfig()
    outbox: OutboxConfig = OutboxConfig()
    endpoints: tuple[EndpointConfig, ...] = Field(
        default=(),
        repr=False,
        examples=[[{"name": "scanner", "url": "https://scanner.example.com/events", "actions": ["push"]}]],
    )

    @field_validator("endpoints")
    @classmethod
    def _unique_names(cls, endpoints: tuple[EndpointConfig, ...]) -> tuple[EndpointConfig, ...]:
        names = [one.name for one in endpoints]
        if len(set(names)) < len(names):
            raise ValueError("must have unique names: events are stored by endpoint name")
        return endpoints
